/*
 * The disk of one home: its store, which mends itself, and the watch over its room.
 *
 * Both programs open theirs here, so that hub and agent meet a full or failing disk in the same way.
 * It composes and owns the life of what it composes; each part says what it does.
 * Errors of opening: STORE_LOCKED, STORE_FORMAT, STORE_DAMAGED, STORE_IO.
 */
import { AppError } from '../protocol/errors.ts';
import type { Ports } from '../protocol/ports.ts';
import { openMigratedKv } from './backup.ts';
import { openDiskPort } from './disk-files.ts';
import { type DiskGuard, formatMib, refuseUnsound, type StoreHealth } from './disk-guard.ts';
import { type DiskLimits, type DiskPort, DiskWatch } from './disk-watch.ts';
import { type HandNote, openHandNote } from './hand-note.ts';
import type { Kv } from './kv.ts';
import { openLevelKv } from './open.ts';
import { openReopeningKv, type ReopeningKv } from './reopen.ts';
import { checkBeforeOpen, keepWitness } from './witness.ts';

/** What a disk is made from: the home, the store's directory and the ballast's file in it. */
export interface HomeDiskOptions {
  readonly directory: string;
  readonly store: string;
  readonly ballast: string;
  readonly limits: DiskLimits;
  readonly ports: Ports;
  readonly noticed: (line: string) => void;
}

/** A store that is open, with the watch over its room. `kv.close` ends the watch too. */
export interface WatchedStore {
  readonly kv: Kv;
  /** So many batches of it survive the loss of power. */
  readonly countSynced: () => number;
  readonly guard: DiskGuard;
}

/** An open disk. `kv.close` ends all of it. */
export interface HomeDisk extends WatchedStore {
  readonly handNote: HandNote;
}

/** Opens the store of a home and begins to watch its room. */
export async function openHomeDisk(options: HomeDiskOptions): Promise<HomeDisk> {
  const { store, ports } = options;
  await checkBeforeOpen(store);
  const disk = await openDisk({
    ...options,
    disk: openDiskPort(options, ports.random),
    open: openFirst(store),
  });
  const kept = await keepWitness(disk, { store, timers: ports.timers });
  const handNote = openHandNote(store);
  const close = async () => {
    await kept.kv.close();
    handNote.close();
  };
  return { ...kept, handNote, kv: { ...kept.kv, close } };
}

/** The first opening migrates; those after a failure find that done. */
function openFirst(store: string): () => Promise<Kv> {
  let open = async (): Promise<Kv> => {
    const kv = await openMigratedKv(store);
    open = () => openLevelKv(store);
    return kv;
  };
  return () => open();
}

/** The same over any store and any file system. */
export interface DiskParts extends Pick<HomeDiskOptions, 'limits' | 'ports' | 'noticed'> {
  readonly disk: DiskPort;
  readonly open: () => Promise<Kv>;
}

/** Opens a disk from its parts; the simulator's is made so. */
export async function openDisk(parts: DiskParts): Promise<WatchedStore> {
  const { disk, limits, ports, noticed, open } = parts;
  const followers = new Set<() => void>();
  const changed = () => {
    for (const run of [...followers]) run();
  };
  const watch = new DiskWatch({ disk, limits, ports, noticed, changed });
  let said: StoreHealth = { is: 'sound' };
  const store = await openReopeningKv({
    open,
    ports,
    makeRoom: () => watch.release(),
    changed: (health) => {
      // The tries of a long trouble are one piece of news.
      if (describeHealth(health) !== describeHealth(said)) noticed(describeHealth(health));
      said = health;
      changed();
    },
  });
  await watch.start();
  return {
    kv: {
      get: (key) => store.get(key),
      range: (range) => store.range(range),
      snapshot: () => store.snapshot(),
      batch: (ops, durability) => store.batch(ops, durability),
      close() {
        watch.stop();
        return store.close();
      },
    },
    countSynced: () => store.syncedTail,
    guard: guard({ store, watch, followers }),
  };
}

interface Guarded {
  readonly store: ReopeningKv;
  readonly watch: DiskWatch;
  readonly followers: Set<() => void>;
}

function guard({ store, watch, followers }: Guarded): DiskGuard {
  return {
    get health() {
      return { store: store.health, room: watch.room };
    },
    damaged: store.damaged,
    findRefusal() {
      const { room } = watch;
      return refuseUnsound(store.health) ?? (room?.isLow === true ? refuseLow(room) : undefined);
    },
    hasLogRoom: () => watch.hasLogRoom(),
    follow(run) {
      followers.add(run);
      return () => followers.delete(run);
    },
  };
}

function refuseLow({ freeBytes, watermarkBytes }: NonNullable<DiskWatch['room']>): AppError {
  const [free, mark] = [freeBytes, watermarkBytes].map(formatMib);
  const detail = `The disk has ${free} left; new work needs ${mark}.`;
  return new AppError('DISK_LOW', detail);
}

function describeHealth(health: StoreHealth): string {
  if (health.is === 'sound') return 'the store is sound again; nothing was lost';
  return `the store is opened again (${health.code}): ${health.message}`;
}
