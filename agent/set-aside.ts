/*
 * Beginning anew with a hub: what this home holds is put aside, whole, and a fresh store takes its place.
 *
 * A fresh pairing means that hub and agent may not remember the same things (one of the two was
 * restored from a copy, or the trust had ended). Numbers of messages and of jobs then mean different
 * things at the two ends, so nothing that is held may be reported or run: what still runs is ended, what
 * is held is said in the log, and store, logs and artifacts are moved, not deleted. The hub sees a new store and
 * settles what the old one held, in the batch that adopts it. Source: reliability facts R2, R10.
 */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasSystemCode } from '../protocol/errors.ts';
import type { AttemptId } from '../protocol/model.ts';
import type { Ports } from '../protocol/ports.ts';
import { syncDirectory } from '../protocol/sync-directory.ts';
import { AuditPage } from '../store/audit.ts';
import { openAuditFiles } from '../store/audit-files.ts';
import { AuditKeep, openAuditTail } from '../store/audit-keep.ts';
import { findStoreId } from '../store/format.ts';
import type { Kv } from '../store/kv.ts';
import { type HeldAttempt, readHeld } from './attempts.ts';
import { readDisowned } from './disowned.ts';
import type { AgentHome } from './home.ts';
import { setAsidesMax } from './limits.ts';
import { reapOrphans } from './work/spawn.ts';

/** What putting aside needs. `kv` is the home's store, owned by the caller until it is given here. */
export interface SetAsideParts {
  readonly home: AgentHome;
  readonly kv: Kv;
  readonly ports: Ports;
  readonly noticed: (line: string) => void;
}

/** One attempt that was given up, as it stood. */
export interface GivenUp {
  readonly attempt: AttemptId;
  readonly state: HeldAttempt['state']['is'];
}

/**
 * Ends what an earlier process left running, closes the store, and moves all that is kept aside.
 * Resolves with what was held. Errors: STORE_*.
 */
export async function setAside(parts: SetAsideParts): Promise<readonly GivenUp[]> {
  const { home, kv, noticed } = parts;
  const held = await readHeld(kv);
  const storeId = (await findStoreId(kv)) ?? '';
  for (const attempt of held) await giveUp(parts, storeId, attempt);
  for (const { process } of await readDisowned(kv)) await reapOrphans(process, parts.ports);
  await leaveAudit(parts);
  await kv.close();
  const place = await makePlace(parts);
  // The store first: logs without rows are what every start removes, rows without logs would mislead.
  await moveIfThere(home.store, join(place, 'store'));
  await moveIfThere(home.logs, join(place, 'logs'));
  await moveIfThere(home.artifacts, join(place, 'artifacts'));
  await syncDirectory(home.directory);
  if (held.length > 0) noticed(`what was held is kept in ${place}`);
  return held.map(({ attempt, state }) => ({ attempt, state: state.is }));
}

/** The trail goes on in the store that comes after this one, from where its files end. */
async function leaveAudit({ home, kv, ports, noticed }: SetAsideParts): Promise<void> {
  const port = openAuditFiles(home.audit);
  const page = new AuditPage(await openAuditTail(kv, port));
  const joined = { who: 'owner', surface: 'cli', verb: 'join', result: 'done' };
  page.add(joined, ports.clock.wallMs());
  await kv.batch(page.seal(), 'synced');
  const policy = { keepMs: Number.MAX_SAFE_INTEGER, bytesMax: Number.MAX_SAFE_INTEGER };
  await new AuditKeep({ kv, port, ports, noticed, policy }).flush();
}

async function giveUp(
  { ports, noticed }: SetAsideParts,
  storeId: string,
  { attempt, state }: HeldAttempt,
): Promise<void> {
  if (state.is === 'accepted' || state.is === 'finished') {
    noticed(`${attempt} is given up (it was ${state.is}); the hub counts it as lost`);
    return;
  }
  const mark = `${storeId}/${attempt}`;
  const process = state.is === 'running' ? state.process : { pid: 0, start: '0', mark };
  const count = await reapOrphans(process, ports);
  noticed(`${attempt} is given up (${count} processes ended); the hub counts it as lost`);
}

/** A folder named by the instant; the oldest ones over the cap go. */
async function makePlace({ home, ports }: SetAsideParts): Promise<string> {
  await mkdir(home.setAside, { recursive: true, mode: 0o700 });
  const names = (await readdir(home.setAside)).sort();
  for (const name of names.slice(0, Math.max(0, names.length - setAsidesMax + 1))) {
    await rm(join(home.setAside, name), { recursive: true, force: true });
  }
  const place = join(home.setAside, String(Math.round(ports.clock.wallMs())).padStart(15, '0'));
  await mkdir(place, { recursive: true, mode: 0o700 });
  return place;
}

async function moveIfThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch((thrown: unknown) => {
    if (!hasSystemCode(thrown, 'ENOENT')) throw thrown;
  });
}
