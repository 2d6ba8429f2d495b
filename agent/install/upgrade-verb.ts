/*
 * `odally upgrade VERSION`: another version of the agent takes over on this box, and the old one if it can't.
 *
 * VERSION is a directory that lies in `versions` already; `wally upgrade` puts it there. It is proved and
 * checks itself before anything is asked of the agent that runs. The rest is done by a process of its own, so that
 * whoever asked may go; without `--background` this follows it. Without a VERSION it says how the last change stands,
 * and takes it up again where it was cut off.
 * Errors: VERSION_*, UPGRADE_*, USAGE_*.
 */
import { AppError, isErrorCode } from '../../protocol/errors.ts';
import { sleep } from '../../protocol/ports.ts';
import { storeMigrations } from '../../store/format.ts';
import type { AgentHome } from '../home.ts';
import type { Program } from '../ports.ts';
import { startApart } from './behind.ts';
import { selfCheckMsMax, serviceStartMsMax, serviceStopMsMax, upgradeLookMs } from './limits.ts';
import { openServiceTools } from './service-probe.ts';
import { findServiceRecord } from './service-record.ts';
import { isAlive } from './supervisor-record.ts';
import { describeTool, type RunTool } from './tools.ts';
import { findUpgrade, isSettled, saveUpgrade, type UpgradeRecord } from './upgrade-record.ts';
import { isAdrift, resumeUpgrade } from './upgrade-resume.ts';
import { watchOn, watchUpgrade } from './upgrade-watch.ts';
import { findLinked, findRuntime, locateVersion, proveVersion, saveRuntime } from './versions.ts';

/** What a command line asked. */
export interface UpgradeFlags {
  readonly json: boolean;
  readonly dryRun: boolean;
  readonly background: boolean;
  readonly watch: boolean;
  readonly cancel: boolean;
  /** The Node to run it with; that of the current version where absent. */
  readonly runtime: string | undefined;
}

/** What it runs in. */
export interface UpgradeParts {
  readonly program: Program;
  readonly home: AgentHome;
  readonly noticed: (line: string) => void;
}

/** Runs it; resolves with the exit status. */
export async function runUpgrade(
  parts: UpgradeParts,
  [to, ...more]: readonly string[],
  flags: UpgradeFlags,
): Promise<number> {
  const { program, home } = parts;
  if (more.length > 0)
    throw new AppError('USAGE_ARGUMENT', `upgrade: one VERSION, not ${more[0]}.`);
  if (flags.cancel) return cancel(parts, flags);
  const work = { ...parts, tools: openServiceTools(program) };
  if (to === undefined) {
    if (!flags.watch) return show(parts, flags, await resumeUpgrade(work));
    await watchOn(work);
    return 0;
  }
  if (flags.watch) {
    // Two may have been asked at once, and each was told that nothing is under way.
    await refuseBusy(work);
    const at = Math.round(program.ports.clock.wallMs());
    await watchUpgrade(work, { from: await getCurrent(home), to, at });
    return 0;
  }
  const from = await getCurrent(home);
  if (from === to) return say(parts, flags, `${to} is the current version.`);
  await refuseBusy(work);
  await check(work, to, flags);
  if (flags.dryRun) {
    const words = `${to} is whole and would take over from ${from} once nothing runs.`;
    return say(parts, flags, words);
  }
  const begun = await begin(work, { from, to });
  return flags.background ? show(parts, flags, begun) : follow(work, flags);
}

interface Working extends UpgradeParts {
  readonly tools: RunTool;
}

async function getCurrent({ directory }: AgentHome): Promise<string> {
  const current = await findLinked(directory, 'current');
  if (current !== undefined) return current;
  const detail = `${directory} has no versions: its agent was not put there by \`wally install\`.`;
  throw new AppError('VERSION_UNKNOWN', detail);
}

async function refuseBusy(work: Working): Promise<void> {
  const record = await resumeUpgrade(work);
  if (record === undefined || isSettled(record)) return;
  throw new AppError('UPGRADE_BUSY', `A change to ${record.to} is under way (${record.phase}).`);
}

/** Its files are what they should be, its Node runs it, and it could serve this home. */
async function check({ home, tools }: Working, to: string, flags: UpgradeFlags): Promise<void> {
  const { directory } = home;
  const { version } = await proveVersion(directory, to);
  const current = await getCurrent(home);
  const node =
    flags.runtime ?? (await findRuntime(directory, to)) ?? (await findRuntime(directory, current));
  if (node === undefined) throw new AppError('UPGRADE_CHECK', `There is no Node for ${to}.`);
  const script = `${locateVersion(directory, to)}/odally.js`;
  const said = await tools(node, [script, '--version']);
  if (said.code !== 0 || said.stdout.trim() !== version) {
    throw new AppError('UPGRADE_CHECK', `${to} does not start: ${describeTool(said)}`);
  }
  // The agent that runs has brought the store to the format of its version, which is ours.
  const words = [script, 'self-check', '--json', '--format', String(storeMigrations.length + 1)];
  const checked = await tools(node, words, { timeoutMs: selfCheckMsMax });
  if (checked.code !== 0) {
    throw new AppError('UPGRADE_CHECK', `${to} cannot serve this home: ${describeTool(checked)}`);
  }
  await saveRuntime(directory, to, node);
}

/** Starts the process that sees it through; resolves once that has begun. */
async function begin(
  { program, home, tools }: Working,
  { from, to }: Pick<UpgradeRecord, 'from' | 'to'>,
): Promise<UpgradeRecord> {
  const before = await findUpgrade(home.directory);
  const record = await findServiceRecord(home.directory);
  await startApart(
    {
      command: [program.node, program.script, 'upgrade', to, '--watch'],
      env: { ...program.env, ODALLY_HOME: home.directory },
      logFile: home.agentLog,
    },
    { record, tools },
  );
  const { clock, timers } = program.ports;
  const untilMs = clock.monotonicMs() + serviceStartMsMax;
  while (clock.monotonicMs() < untilMs) {
    const now = await findUpgrade(home.directory);
    if (now !== undefined && now.at !== before?.at && now.to === to) return now;
    await sleep(timers, upgradeLookMs);
  }
  throw new AppError('UPGRADE_STUCK', `Nothing sees to the change from ${from}: ${home.agentLog}`);
}

async function follow(work: Working, flags: UpgradeFlags): Promise<number> {
  const { program, home } = work;
  let said = '';
  for (;;) {
    const record = await resumeUpgrade(work);
    if (record === undefined) throw new AppError('UPGRADE_STUCK');
    const words = describe(record);
    if (words !== said && !flags.json) program.say(words);
    said = words;
    if (isSettled(record)) return show(work, flags, record);
    if (isAdrift(record)) {
      throw new AppError('UPGRADE_STUCK', `Whoever saw to it is gone: ${home.agentLog}`);
    }
    await sleep(program.ports.timers, upgradeLookMs);
  }
}

/** Before anything was switched it is simply given up: the agent takes work again by itself. */
async function cancel(parts: UpgradeParts, flags: UpgradeFlags): Promise<number> {
  const { program, home } = parts;
  const record = await findUpgrade(home.directory);
  if (record?.phase !== 'draining')
    throw new AppError('UPGRADE_STUCK', 'Nothing is draining here.');
  await endWatcher(program, record);
  // What it wrote last counts: it may have told the agent to stop, and then somebody must start one again.
  const last = await resumeUpgrade({ ...parts, tools: openServiceTools(program) });
  if (last?.phase !== 'draining' && last?.phase !== 'failed')
    throw new AppError('UPGRADE_STUCK', 'Nothing was draining any more; the change goes on.');
  const left: UpgradeRecord = { ...record, phase: 'left' };
  await saveUpgrade(home.directory, left);
  return show(parts, flags, left);
}

/** Resolves once it writes nothing more. */
async function endWatcher(program: Program, { watcher }: UpgradeRecord): Promise<void> {
  if (!isAlive(watcher)) return;
  program.signal(watcher.pid, 'SIGKILL');
  const { clock, timers } = program.ports;
  const untilMs = clock.monotonicMs() + serviceStopMsMax;
  while (isAlive(watcher) && clock.monotonicMs() < untilMs) await sleep(timers, upgradeLookMs);
}

function show(parts: UpgradeParts, flags: UpgradeFlags, record: UpgradeRecord | undefined): number {
  if (record === undefined) return say(parts, flags, 'The version was never changed here.');
  if (flags.json) parts.program.print(JSON.stringify(record));
  else parts.program.print(describe(record));
  return record.phase === 'rolled-back' || record.phase === 'failed' ? 1 : 0;
}

/** There is no change that it could be about. */
function say({ program }: UpgradeParts, { json }: UpgradeFlags, message: string): number {
  program.print(json ? JSON.stringify({ phase: 'none', message }) : message);
  return 0;
}

function describe({
  phase,
  from,
  to,
  running = 0,
  terminals = 0,
  code,
  message,
  isDown,
}: UpgradeRecord): string {
  const why =
    code === undefined ? '' : `: ${message ?? ''} [${isErrorCode(code) ? code : 'UPGRADE_STUCK'}]`;
  switch (phase) {
    case 'draining': {
      const waits = [`${running} jobs`, `${terminals} terminals`].join(' and ');
      return `${to} waits for ${waits} to end; nothing new starts meanwhile.`;
    }
    case 'switched':
      return `${to} is started; ${from} comes back if it does not come up.`;
    case 'done':
      return `${to} serves; before it was ${from}.`;
    case 'left':
      return `The change to ${to} was given up; ${from} takes work again.`;
    case 'failed':
      return `Nothing was changed${why}`;
    case 'rolled-back':
      return `${from} ${isDown === true ? 'is started' : 'serves'} again${why}`;
  }
}
