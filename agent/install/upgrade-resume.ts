/*
 * A change of version whose watcher is gone: a kill, a reboot, a full disk.
 *
 * Before the agent was told to stop nothing was changed, and it takes work again by itself; from then on the change
 * must be seen through, or no agent runs. That is done by the version that is left, because the other one may not even
 * start. The launcher asks for it whenever it is called, as the box does at its start. Errors: those of starting.
 */
import { sleep } from '../../protocol/ports.ts';
import type { AgentHome } from '../home.ts';
import type { Program } from '../ports.ts';
import { startApart } from './behind.ts';
import { serviceStartMsMax, upgradeLookMs } from './limits.ts';
import { findServiceRecord } from './service-record.ts';
import { isAlive } from './supervisor-record.ts';
import type { RunTool } from './tools.ts';
import { findUpgrade, isSettled, saveUpgrade, type UpgradeRecord } from './upgrade-record.ts';
import { findRuntime, locateVersion } from './versions.ts';

/** What taking it up needs. */
export interface ResumeParts {
  readonly program: Program;
  readonly home: AgentHome;
  readonly tools: RunTool;
}

/** Has it no watcher any more, and needs one? */
export function isAdrift(record: UpgradeRecord | undefined): record is UpgradeRecord {
  return record !== undefined && !isSettled(record) && !isAlive(record.watcher);
}

/** The last change as it stands, taken up again where nobody saw to it. */
export async function resumeUpgrade(parts: ResumeParts): Promise<UpgradeRecord | undefined> {
  const { directory } = parts.home;
  const record = await findUpgrade(directory);
  if (!isAdrift(record)) return record;
  if (record.phase === 'draining') {
    const message = 'Who saw to it is gone; nothing was changed.';
    const failed: UpgradeRecord = { ...record, phase: 'failed', code: 'UPGRADE_STUCK', message };
    await saveUpgrade(directory, failed);
    return failed;
  }
  await startWatcher(parts, record);
  return untilWatched(parts, record);
}

async function startWatcher(
  { program, home, tools }: ResumeParts,
  { from }: UpgradeRecord,
): Promise<void> {
  const { directory } = home;
  const node = (await findRuntime(directory, from)) ?? program.node;
  const script = `${locateVersion(directory, from)}/odally.js`;
  await startApart(
    {
      command: [node, script, 'upgrade', '--watch'],
      env: { ...program.env, ODALLY_HOME: directory },
      logFile: home.agentLog,
    },
    { record: await findServiceRecord(directory), tools },
  );
}

/** Whoever it is: another may have taken it up at the same time. */
async function untilWatched(
  { program, home }: ResumeParts,
  adrift: UpgradeRecord,
): Promise<UpgradeRecord> {
  const { clock, timers } = program.ports;
  const untilMs = clock.monotonicMs() + serviceStartMsMax;
  while (clock.monotonicMs() < untilMs) {
    const record = await findUpgrade(home.directory);
    if (record !== undefined && !isAdrift(record)) return record;
    await sleep(timers, upgradeLookMs);
  }
  return adrift;
}
