/*
 * The desk for spawned boxes, with what it needs of its hub.
 *
 * The desk itself knows no hub, so that it can be tested by itself.
 */
import { parseInvite } from '../../protocol/invite.ts';
import type { PeerKey } from '../../protocol/model.ts';
import type { Ports } from '../../protocol/ports.ts';
import type { Source } from '../fleet/spawn/maker.ts';
import { readBoxWork } from './box-work.ts';
import type { Hub } from './hub.ts';
import type { Ledger } from './ledger.ts';
import { SpawnDesk } from './spawn-desk.ts';

/** What of the hub cannot be asked for. */
export interface OpenSpawnParts {
  readonly ledger: Ledger;
  readonly ports: Ports;
  readonly key: PeerKey;
  readonly openSources: (hub: Hub) => ReadonlyMap<string, Source>;
  readonly failed: (error: unknown) => void;
  readonly noticed: (line: string) => void;
}

/** Makes it, with its rows read back; nothing is begun yet. Errors: STORE_*, CONFIG_INVALID. */
export async function openSpawnDesk(hub: Hub, parts: OpenSpawnParts): Promise<SpawnDesk> {
  const { workers, feed } = hub;
  const desk = new SpawnDesk({
    ...parts,
    sources: parts.openSources(hub),
    hubKey: parts.key,
    workers,
    feed,
    invite: async (name, ttlMs) => {
      const { addresses, rendezvous } = hub.door;
      const where = { addresses, rendezvous, ttlMs, asks: false, isPassing: true } as const;
      const { code } = await hub.invites.create({ kind: 'worker', name, ...where });
      return code;
    },
    withdraw: (code) => hub.invites.withdraw(parseInvite(code).oneTimeKey),
    isLinked: (worker) => hub.session(worker)?.isLinked === true,
    countHeld: (worker) => hub.desk.listHeldBy(worker).length,
    readWork: (worker, since) => readBoxWork(hub, worker, since),
    revoke: async (key, why) => {
      const worker = workers.find(key);
      if (worker === undefined || worker.revokedAt !== null) return;
      await hub.revoke(worker, why === 'vanished' ? { cause: why } : {});
      await hub.boxes.remove(key);
    },
    noteReady: async ({ provider: name, isPooled, spawnedAt, ttlMs, askedAt, state }, worker) => {
      if (state.is !== 'ready') return;
      const ttl = ttlMs === undefined ? {} : { ttlMs };
      const pool = isPooled ? { pool: name } : {};
      const made = { id: state.box.id, spawnedAt: spawnedAt ?? askedAt };
      await hub.boxes.put(worker, { provider: { name, ...made, ...ttl, ...pool } });
    },
  });
  await desk.open();
  return desk;
}
