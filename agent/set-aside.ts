/*
 * Beginning anew with a hub: what this home holds is put aside, whole, and a fresh store takes its place.
 *
 * A fresh pairing means that hub and agent may not remember the same things (one of the two was
 * restored from a copy, or the trust had ended). Numbers of messages and of jobs then mean different
 * things at the two ends, so nothing that is held may be reported or run: what still runs is ended, what
 * is held is said in the log, and store, logs and artifacts are moved, not deleted. The hub sees a new store and
 * settles what the old one held, in the batch that adopts it. Source: reliability facts R2, R10.
 */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasSystemCode, wrapError } from '../protocol/errors.ts';
import { isThere } from '../protocol/is-there.ts';
import type { AttemptId } from '../protocol/model.ts';
import type { Ports } from '../protocol/ports.ts';
import { syncDirectory } from '../protocol/sync-directory.ts';
import { listAsides, nameAside } from '../store/asides.ts';
import { AuditPage } from '../store/audit.ts';
import { openAuditFiles } from '../store/audit-files.ts';
import { AuditKeep, openAuditTail } from '../store/audit-keep.ts';
import { findStoreId } from '../store/format.ts';
import type { Kv } from '../store/kv.ts';
import { type HeldAttempt, salvageHeld } from './attempts.ts';
import { readDisowned } from './disowned.ts';
import type { AgentHome } from './home.ts';
import { setAsidesMax } from './limits.ts';
import { reapOrphans } from './work/spawn.ts';

/** The file that says that moves into its folder are under way. */
const movingName = 'MOVING';
const storeName = 'store';

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
  const held = await salvageHeld(kv);
  const storeId = (await findStoreId(kv)) ?? '';
  for (const attempt of held) await giveUp(parts, storeId, attempt);
  for (const { process } of await readDisowned(kv)) await reapOrphans(process, parts.ports);
  await leaveAudit(parts);
  // Before the store is let go: the oldest may take a while to go, and nobody may start on it meanwhile.
  const place = await makePlace(parts);
  await kv.close();
  // Rows without logs would mislead.
  await moveIfThere(home.store, join(place, storeName));
  await finishMoves(home, place);
  if (held.length > 0) noticed(`what was held is kept in ${place}`);
  return held.map(({ attempt, state }) => ({ attempt, state: state.is }));
}

/**
 * Finishes what was cut off between its moves: with the store gone, the next start would remove the logs that belong to
 * it. Every agent that starts asks this first. Errors: STORE_IO.
 */
export async function finishSetAside(home: AgentHome): Promise<void> {
  try {
    for (const name of await listAsides(home.setAside)) {
      const place = join(home.setAside, name);
      if (!(await isThere(join(place, movingName)))) continue;
      if (await isThere(join(place, storeName))) await finishMoves(home, place);
      else await rm(place, { recursive: true, force: true });
    }
  } catch (thrown) {
    throw wrapError(thrown, 'STORE_IO');
  }
}

async function finishMoves(home: AgentHome, place: string): Promise<void> {
  await moveIfThere(home.logs, join(place, 'logs'));
  await moveIfThere(home.artifacts, join(place, 'artifacts'));
  for (const folder of [place, home.directory]) await syncDirectory(folder);
  await rm(join(place, movingName), { force: true });
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

/** A folder of its own, with word that moves into it are under way; the oldest ones over the cap go. */
async function makePlace({ home, ports }: SetAsideParts): Promise<string> {
  await mkdir(home.setAside, { recursive: true, mode: 0o700 });
  const names = await listAsides(home.setAside);
  for (const name of names.slice(0, Math.max(0, names.length - setAsidesMax + 1))) {
    await rm(join(home.setAside, name), { recursive: true, force: true });
  }
  const place = join(home.directory, await nameAside(home.directory, ports.clock.wallMs()));
  await mkdir(place, { recursive: true, mode: 0o700 });
  await writeFile(join(place, movingName), '', { mode: 0o600, flush: true });
  for (const folder of [place, home.setAside, home.directory]) await syncDirectory(folder);
  return place;
}

async function moveIfThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch((thrown: unknown) => {
    if (!hasSystemCode(thrown, 'ENOENT')) throw thrown;
  });
}
