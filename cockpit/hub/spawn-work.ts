/*
 * What the machine of a spawned box asks for, carried out: commands, lists, agents got on and off.
 *
 * Each piece of work ends in one event for its box, whatever became of it, and never rejects. A provider's
 * list is read once for all of its boxes, and what it says is told only to those that have not moved meanwhile:
 * what was read before a box was made must not say that it is missing.
 */
import { AppError, wrapError } from '../../protocol/errors.ts';
import type { PeerKey } from '../../protocol/model.ts';
import type { Ports } from '../../protocol/ports.ts';
import { inviteMs, seenMsMax } from '../fleet/spawn/limits.ts';
import type { KnownBoxes, OwnBox, Source } from '../fleet/spawn/maker.ts';
import type { FoundBox, MadeBox } from '../manager/spawn-box.ts';
import type { SpawnEvent, SpawnRecord, SpawnState } from '../manager/spawn-state.ts';
import type { Feed } from './feed.ts';
import type { WorkerDesk } from './worker-desk.ts';

/** What the work needs of the hub. */
export interface SpawnWorkParts {
  readonly sources: ReadonlyMap<string, Source>;
  readonly ports: Ports;
  readonly feed: Pick<Feed, 'follow'>;
  readonly workers: Pick<WorkerDesk, 'find'>;
  /** Boxes as they are now. */
  readonly list: () => readonly SpawnRecord[];
  /** Makes a code whose bearer gets this name. */
  readonly invite: (name: string, ttlMs: number) => Promise<string>;
  /** What was not used opens no door any more. */
  readonly withdraw: (code: string) => Promise<void>;
  readonly isLinked: (worker: PeerKey) => boolean;
  /** Nothing that happens is heard any more. */
  readonly isStopped: () => boolean;
  readonly happened: (name: string, event: SpawnEvent) => void;
  /** Another step began on it. */
  readonly stepped: (name: string) => void;
  readonly noticed: (line: string) => void;
}

/** What is said of a box that a list lacks though its agent is linked. */
const linkedYet = 'Its provider does not list it, and its agent is linked.';

/** Codes by which a provider says that surely nothing was made. */
const sureCodes: ReadonlySet<string> = new Set(['SPAWN_ABSENT', 'SPAWN_CONFIG', 'SPAWN_FULL']);

/** Carries out; lives as long as its desk. */
export class SpawnWork {
  readonly #parts: SpawnWorkParts;
  /** Providers whose list is being read, and whether somebody came too late for that reading. */
  readonly #reading = new Set<string>();
  readonly #steps = new Map<string, string>();
  /** Providers whose list could not be read when it was read last, and why. */
  readonly #unread = new Map<string, string>();
  /** Boxes that a list lacks though their agents are linked. */
  readonly #unlisted = new Set<string>();

  constructor(parts: SpawnWorkParts) {
    this.#parts = parts;
  }

  /** What is being done on the box at this moment, in words. */
  findStep(name: string): string | undefined {
    return this.#steps.get(name) ?? (this.#unlisted.has(name) ? linkedYet : undefined);
  }

  /** Why this provider's list could not be read; undefined where it could. */
  findUnread(provider: string): string | undefined {
    return this.#unread.get(provider);
  }

  async up(record: SpawnRecord): Promise<void> {
    await this.#work(record, 'make it', {
      run: async ({ maker }) => {
        const { name, tag, ttlMs, spawnedAt } = record;
        const ttl = ttlMs === undefined ? {} : { ttlMs };
        // Of all providers: two may have a host in common.
        const others = this.#parts.list().map((other) => other.tag);
        await maker.up({ name, tag, madeAt: spawnedAt ?? record.askedAt, others, ...ttl });
        return { type: 'made' };
      },
      failed: ({ code, message: reason }) => ({
        type: 'make-failed',
        reason,
        isSure: sureCodes.has(code),
      }),
    });
  }

  async enter(record: SpawnRecord, box: MadeBox): Promise<void> {
    await this.#work(record, 'get an agent onto it', {
      run: async ({ maker }) => {
        const { name } = record;
        let code: string | undefined;
        const invite = async () => {
          code = await this.#parts.invite(name, inviteMs);
          return code;
        };
        const entering = maker.enter({
          box: own(record, box),
          invite,
          told: (step) => this.#tell(name, step),
        });
        const worker = await entering.finally(() =>
          code === undefined ? undefined : this.#parts.withdraw(code),
        );
        this.#tell(name, 'wait until it is seen');
        await this.#awaitLinked(worker);
        return { type: 'entered', worker };
      },
      failed: ({ message: reason }) => ({ type: 'enter-failed', reason }),
    });
  }

  async leave(record: SpawnRecord, box: MadeBox): Promise<void> {
    await this.#work(record, 'take the agent off', {
      run: async ({ maker }) => {
        await maker.leave(own(record, box), this.#namesOn(record));
        return { type: 'left' };
      },
      failed: ({ message: reason }) => ({ type: 'leave-failed', reason }),
    });
  }

  /** A host whose agent was here before has it under the name that it had then. */
  #namesOn({ name, worker }: SpawnRecord): readonly string[] {
    const known = worker === undefined ? undefined : this.#parts.workers.find(worker);
    const names = known === undefined ? [] : [known.name, ...known.formerNames];
    return [...new Set([name, ...names])];
  }

  async down(record: SpawnRecord, box: MadeBox): Promise<void> {
    await this.#work(record, 'let it go', {
      run: async ({ maker }) => {
        await maker.down(own(record, box));
        return { type: 'downed' };
      },
      failed: ({ message: reason }) => ({ type: 'down-failed', reason }),
    });
  }

  /** Reads a provider's list, again while somebody waits for a newer reading. */
  async look(provider: string): Promise<void> {
    if (this.#reading.has(provider)) return;
    this.#reading.add(provider);
    try {
      const isAwaited = () => this.#listOf(provider).some(({ state }) => isWaiting(state));
      while (isAwaited() && !this.#parts.isStopped()) {
        const before = this.#listOf(provider);
        const found = await this.#read(provider);
        for (const record of before) {
          const now = this.#listOf(provider).find(({ name }) => name === record.name);
          if (now?.state === record.state)
            this.#parts.happened(record.name, this.#judge(record, found));
        }
      }
    } finally {
      this.#reading.delete(provider);
    }
  }

  /** The provider's list as it is now. Errors: those of the provider. */
  list(provider: string): Promise<readonly FoundBox[]> {
    return this.#get(provider).maker.list(this.#listKnown(provider));
  }

  /** A list is another's word: a box whose agent is linked to us is there, whatever the list lacks. */
  #judge(record: SpawnRecord, found: readonly FoundBox[] | AppError): SpawnEvent {
    const { name, state } = record;
    const event = judge(record, found);
    if (event.type === 'missing' && state.is === 'ready' && this.#parts.isLinked(state.worker)) {
      if (!this.#unlisted.has(name)) this.#parts.noticed(`${name}: ${linkedYet}`);
      this.#unlisted.add(name);
      this.#parts.stepped(name);
      return { type: 'found', box: state.box, state: 'ready' };
    }
    if (event.type !== 'unlisted') this.#unlisted.delete(name);
    return event;
  }

  async #read(provider: string): Promise<readonly FoundBox[] | AppError> {
    try {
      const found = await this.list(provider);
      this.#tellUnread(provider, undefined);
      return found;
    } catch (thrown) {
      const error = wrapError(thrown, 'SPAWN_COMMAND');
      this.#tellUnread(provider, error.message);
      return error;
    }
  }

  /** Once for each reason: it is read again and again. */
  #tellUnread(provider: string, reason: string | undefined): void {
    if (this.#unread.get(provider) === reason) return;
    if (reason === undefined) this.#unread.delete(provider);
    else this.#unread.set(provider, reason);
    const words = reason === undefined ? 'can be read again' : `cannot be read: ${reason}`;
    this.#parts.noticed(`the list of ${provider} ${words}`);
    for (const { name } of this.#listOf(provider)) this.#parts.stepped(name);
  }

  async #work(
    record: SpawnRecord,
    what: string,
    {
      run,
      failed,
    }: {
      readonly run: (source: Source) => Promise<SpawnEvent>;
      readonly failed: (error: AppError) => SpawnEvent;
    },
  ): Promise<void> {
    const { name, provider } = record;
    this.#tell(name, what);
    let event: SpawnEvent;
    try {
      event = await run(this.#get(provider));
    } catch (thrown) {
      const error = wrapError(thrown, 'SPAWN_COMMAND');
      this.#parts.noticed(`${name} (${provider}): ${what}: ${error.message} [${error.code}]`);
      event = failed(error);
    }
    this.#steps.delete(name);
    this.#parts.happened(name, event);
  }

  #tell(name: string, step: string): void {
    this.#unlisted.delete(name);
    this.#steps.set(name, step);
    this.#parts.noticed(`${name}: ${step}`);
    this.#parts.stepped(name);
  }

  /** Errors: SPAWN_ENTER. */
  async #awaitLinked(worker: PeerKey): Promise<void> {
    const { isLinked, feed, ports } = this.#parts;
    const heard = Promise.withResolvers<boolean>();
    const look = () => {
      if (isLinked(worker)) heard.resolve(true);
    };
    const unfollow = feed.follow(look);
    const cancel = ports.timers.after(seenMsMax, () => heard.resolve(false));
    look();
    const isSeen = await heard.promise;
    unfollow();
    cancel();
    if (isSeen) return;
    throw new AppError('SPAWN_ENTER', 'An agent was started there, and it is not seen here.');
  }

  #listKnown(provider: string): KnownBoxes {
    const records = this.#listOf(provider);
    return {
      boxes: records.flatMap((record) => {
        const box = 'box' in record.state ? record.state.box : null;
        return box === null ? [] : [own(record, box)];
      }),
      sought: records.flatMap(({ state, tag }) => (state.is === 'seeking' ? [tag] : [])),
    };
  }

  #listOf(provider: string): readonly SpawnRecord[] {
    return this.#parts.list().filter((record) => record.provider === provider);
  }

  /** A provider may have gone from the config while boxes of it are there. Errors: SPAWN_PROVIDER. */
  #get(name: string): Source {
    const source = this.#parts.sources.get(name);
    if (source !== undefined) return source;
    throw new AppError('SPAWN_PROVIDER', `There is no provider "${name}" in the config any more.`);
  }
}

function own({ name, tag }: SpawnRecord, box: MadeBox): OwnBox {
  return { ...box, name, tag };
}

/** Does it wait for a reading of the list that began after its wish? */
function isWaiting(state: SpawnState): boolean {
  if ('lookAt' in state) return state.lookAt === null;
  const isTried = state.is === 'entering' || state.is === 'ending';
  return isTried && state.next === 'look' && state.tryAt === null;
}

/** What one reading of the list says about this box: by its id, else by its tag. */
function judge({ tag, state }: SpawnRecord, found: readonly FoundBox[] | AppError): SpawnEvent {
  if (found instanceof AppError) return { type: 'unlisted', reason: found.message };
  const id = 'box' in state ? state.box?.id : undefined;
  const there = found.filter((entry) => entry.tag === tag && entry.state !== 'gone');
  const entry = id === undefined ? there[0] : there.find((one) => one.id === id);
  if (entry === undefined || entry.state === 'gone') return { type: 'missing' };
  const { address } = entry;
  const box = { id: entry.id, ...(address === undefined ? {} : { address }) };
  return { type: 'found', box, state: entry.state };
}
