/*
 * A Map and a Set for what comes and goes all the time, thousands of times a second.
 *
 * V8 gives a Map that is written and deleted from a new table now and then, and lets the old table point to the new one,
 * for iterators that are still at the old. Once a table is old enough to be left to whole collections, all that follow are kept
 * until the next of those, with what was in them: garbage that was young is copied, and grows old too. These are made anew
 * after as many deletions as they have entries, which ends such a row of tables before it grows. In all else they are what
 * Map and Set are: nothing is made anew while somebody goes through them, so what is deleted meanwhile is not seen any
 * more, and what is added is. Source: V8, ordered-hash-table.cc (Rehash, Clear, SetNextTable).
 */

/** Fewer deletions than these are never worth a new one. */
const deletionsMin = 32;

/** Keys and values, in the order in which the keys came. A walk that is left halfway by hand, and not by a loop, keeps it from renewal. */
export class ChurnMap<K, V> implements Map<K, V> {
  #map: Map<K, V>;
  /** Since it was made anew. */
  #deletionCount = 0;
  /** So many go through it. */
  #walkCount = 0;

  constructor(entries?: Iterable<readonly [K, V]>) {
    this.#map = new Map(entries);
  }

  get size(): number {
    return this.#map.size;
  }

  get [Symbol.toStringTag](): string {
    return 'ChurnMap';
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  has(key: K): boolean {
    return this.#map.has(key);
  }

  set(key: K, value: V): this {
    if (this.#deletionCount >= deletionsMin) this.#renew();
    this.#map.set(key, value);
    return this;
  }

  delete(key: K): boolean {
    const wasThere = this.#map.delete(key);
    if (wasThere) this.#deletionCount += 1;
    return wasThere;
  }

  clear(): void {
    if (this.#walkCount > 0) return this.#map.clear();
    this.#map = new Map();
    this.#deletionCount = 0;
  }

  forEach(call: (value: V, key: K, map: Map<K, V>) => void, self?: unknown): void {
    this.#walkCount += 1;
    try {
      this.#map.forEach((value, key) => {
        call.call(self, value, key, this);
      });
    } finally {
      this.#walkCount -= 1;
    }
  }

  /** All values that are there now: sooner had than by a walk. */
  list(): V[] {
    return [...this.#map.values()];
  }

  entries(): MapIterator<[K, V]> {
    return this.#walk((map) => map.entries());
  }

  keys(): MapIterator<K> {
    return this.#walk((map) => map.keys());
  }

  values(): MapIterator<V> {
    return this.#walk((map) => map.values());
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }

  /** Begins when it is first asked for something, as late as a Map's own may. */
  *#walk<T>(begin: (map: Map<K, V>) => Iterable<T>): Generator<T, undefined, unknown> {
    this.#walkCount += 1;
    try {
      yield* begin(this.#map);
    } finally {
      this.#walkCount -= 1;
    }
  }

  #renew(): void {
    if (this.#walkCount > 0 || this.#deletionCount < this.#map.size) return;
    this.#map = new Map(this.#map);
    this.#deletionCount = 0;
  }
}

/** Values, in the order in which they came. As `ChurnMap`. */
export class ChurnSet<T> implements Set<T> {
  readonly #map = new ChurnMap<T, true>();

  constructor(values: Iterable<T> = []) {
    for (const value of values) this.add(value);
  }

  get size(): number {
    return this.#map.size;
  }

  get [Symbol.toStringTag](): string {
    return 'ChurnSet';
  }

  has(value: T): boolean {
    return this.#map.has(value);
  }

  add(value: T): this {
    this.#map.set(value, true);
    return this;
  }

  delete(value: T): boolean {
    return this.#map.delete(value);
  }

  clear(): void {
    this.#map.clear();
  }

  forEach(call: (value: T, again: T, set: Set<T>) => void, self?: unknown): void {
    this.#map.forEach((_there, value) => {
      call.call(self, value, value, this);
    });
  }

  *entries(): SetIterator<[T, T]> {
    for (const value of this.keys()) yield [value, value];
  }

  keys(): SetIterator<T> {
    return this.#map.keys();
  }

  values(): SetIterator<T> {
    return this.keys();
  }

  [Symbol.iterator](): SetIterator<T> {
    return this.keys();
  }
}
