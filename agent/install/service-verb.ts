/*
 * `odally service install|remove|start|stop|restart|status`: who keeps the agent of this home running.
 *
 * Each looks at the box, makes a plan, performs it, and looks again; what it prints is what it saw then.
 * All of them may be repeated. Stopping ends work that runs, as `odally stop` does.
 * Errors: SERVICE_*, PAIR_MISSING, USAGE_*, HOME_UNWRITABLE.
 */
import { AppError } from '../../protocol/errors.ts';
import { sleep } from '../../protocol/ports.ts';
import { openHome } from '../../store/home.ts';
import { askAgent, findAnswering, findRunning } from '../agent-client.ts';
import { type AgentHome, findPairing } from '../home.ts';
import type { Program } from '../ports.ts';
import { measureLog, readLastWords } from './last-words.ts';
import { serviceLookMs, serviceStartMsMax, serviceStopMsMax } from './limits.ts';
import {
  planInstall,
  planRemove,
  planStart,
  planStop,
  type ServicePlan,
  type ServiceProbe,
} from './service-plan.ts';
import { enableLinger, openServiceTools, probeService } from './service-probe.ts';
import { findServiceRecord, type ServiceKind, serviceKinds } from './service-record.ts';
import { describeNone, readServiceState, type ServiceState } from './service-state.ts';
import { describeStep, performSteps } from './service-steps.ts';
import { isAlive, nameProcess } from './supervisor-record.ts';
import type { RunTool } from './tools.ts';
import type { UpgradeRecord } from './upgrade-record.ts';
import { resumeUpgrade } from './upgrade-resume.ts';

/** What a command line asked of it. */
export interface ServiceFlags {
  readonly json: boolean;
  readonly dryRun: boolean;
  readonly kind: string | undefined;
}

/** What it runs in. */
export interface ServiceParts {
  readonly program: Program;
  readonly home: AgentHome;
}

const verbs = ['install', 'remove', 'start', 'stop', 'restart', 'status'] as const;

/** Runs one; resolves with the exit status. */
export async function runService(
  parts: ServiceParts,
  operands: readonly string[],
  flags: ServiceFlags,
): Promise<number> {
  const [verb = 'status', ...more] = operands;
  if (more.length > 0) {
    throw new AppError('USAGE_ARGUMENT', `service: "${more[0]}" is one argument too many.`);
  }
  const asked = { verb: readWord('', verbs, verb), kind: readKind(flags.kind) };
  const service = openService(parts);
  if (flags.dryRun) {
    showPlan(parts.program, flags, await service.plan(asked));
    return 0;
  }
  const notes = await service.perform(asked);
  const state = await service.look();
  showState(parts.program, flags, { ...state, notes: [...new Set([...notes, ...state.notes])] });
  return asked.verb === 'status' && !state.isRunning ? 1 : 0;
}

/** What is done to a service; `kind` is for an install that leaves no choice. */
export interface ServiceAsk {
  readonly verb: (typeof verbs)[number];
  readonly kind?: ServiceKind | undefined;
}

/** The service of one home. */
export interface Service {
  /** What would be done; nothing is. */
  plan(asked: ServiceAsk): Promise<ServicePlan>;
  /** Does it; resolves with what a person should know. */
  perform(asked: ServiceAsk): Promise<readonly string[]>;
  look(): Promise<ServiceState>;
  /** Was it to start with the box when it was installed? */
  shouldBoot(): Promise<boolean>;
  /** Makes what is installed be as it was meant, and starts nothing. */
  mend(): Promise<void>;
  /** The last change of version, taken up where it was cut off. */
  resumeUpgrade(): Promise<UpgradeRecord | undefined>;
}

/** Opens it; nothing is held. */
export function openService(parts: ServiceParts): Service {
  const tools = openServiceTools(parts.program);
  const work = { ...parts, tools };
  return {
    plan: async (asked) => makePlan(work, await probeService(work), asked),
    perform: (asked) => perform(work, asked),
    look: () => look(work),
    shouldBoot: async () => (await findServiceRecord(parts.home.directory))?.boot.starts === true,
    mend: () => mend(work),
    resumeUpgrade: () => resumeUpgrade(work),
  };
}

interface Working extends ServiceParts {
  readonly tools: RunTool;
}

async function perform(work: Working, asked: ServiceAsk): Promise<readonly string[]> {
  const { verb, kind } = asked;
  if (verb === 'status') return [];
  if (verb === 'restart') {
    const notes = await perform(work, { verb: 'stop' });
    return [...notes, ...(await perform(work, { verb: 'start' }))];
  }
  await openHome(work.home.directory);
  const probe = await probeService(work);
  const seen = verb === 'install' ? await trySettle(work, probe, kind) : probe;
  const plan = await makePlan(work, seen, asked);
  const isEnding = verb === 'stop' || verb === 'remove';
  const isStarting = plan.steps.some((step) => startsAgent(step));
  // systemd and launchd start an agent of their own; one that was started by hand has the home.
  if (isStarting && plan.kind !== 'background') await letGo(work, seen);
  const logEnd = await measureLog(work.home.agentLog);
  try {
    await performSteps(work, plan.steps);
    if (isEnding) await endStray(work);
    if (isStarting) await untilAnswers(work);
  } catch (thrown) {
    throw await explainStart(thrown, work.home, logEnd);
  }
  return plan.notes;
}

/** What an agent that does not start says stands in its log, which may be on a box far away. */
async function explainStart(thrown: unknown, home: AgentHome, logEnd: number): Promise<unknown> {
  if (!(thrown instanceof AppError) || thrown.code !== 'SERVICE_START') return thrown;
  const said = await readLastWords(home.agentLog, logEnd);
  if (said === undefined) return thrown;
  const detail = `${thrown.message}; it says: ${said.slice(0, 300)}`;
  return new AppError('SERVICE_START', detail, { cause: thrown });
}

/** Where nothing is installed no tool is asked. */
async function look(work: Working): Promise<ServiceState> {
  if ((await findServiceRecord(work.home.directory)) === undefined) return describeNone(work);
  return readServiceState(await probeService(work, 'box'), work);
}

async function mend(work: Working): Promise<void> {
  const probe = await probeService(work);
  if (probe.record === undefined) return;
  const { kind } = probe.record;
  const seen = await trySettle(work, probe, kind);
  const { why, isOn } = seen.linger;
  if (kind === 'systemd' && !isOn)
    throw new AppError('SERVICE_TOOL', `Lingering stays off: ${why}`);
  await performSteps(work, planInstall(seen, { kind, start: 'later' }).steps);
}

async function makePlan(
  { home }: Working,
  probe: ServiceProbe,
  { verb, kind }: ServiceAsk,
): Promise<ServicePlan> {
  if (verb === 'install') {
    const isPaired = (await findPairing(home)) !== undefined;
    const plan = planInstall(probe, { kind, start: isPaired ? 'start' : 'later' });
    if (isPaired) return plan;
    const note = 'nothing is started yet: this home is not paired (`odally join CODE`)';
    return { ...plan, notes: [...plan.notes, note] };
  }
  const { record } = probe;
  if (record === undefined) return planWithout(verb);
  const isStarting = verb === 'start' || verb === 'restart';
  if (isStarting && (await findPairing(home)) === undefined) throw new AppError('PAIR_MISSING');
  if (verb === 'status') return { ...planStart(probe, record), steps: [] };
  if (verb === 'remove') return planRemove(probe, record);
  if (verb === 'stop') return planStop(probe, record);
  if (verb === 'start') return planStart(probe, record);
  const stopped = planStop(probe, record);
  return { ...stopped, steps: [...stopped.steps, ...planStart(probe, record).steps] };
}

/** Nothing is installed: what is to be gone is gone, and there is nothing to start. */
function planWithout(verb: ServiceAsk['verb']): ServicePlan {
  if (verb !== 'start' && verb !== 'restart') {
    return { kind: 'background', name: '', steps: [], notes: ['no service is installed'] };
  }
  throw new AppError('SERVICE_NONE');
}

/** Lingering is what makes systemd fit; so it is switched on before the choice is made. */
async function trySettle(
  work: Working,
  probe: ServiceProbe,
  kind: ServiceKind | undefined,
): Promise<ServiceProbe> {
  if (probe.linger.isOn || probe.launchd !== undefined || kind === 'background') return probe;
  if (!probe.systemd.isReachable && /there is no/.test(probe.systemd.why)) return probe;
  const refused = await enableLinger(work);
  const seen = await probeService(work);
  if (refused === undefined || seen.linger.isOn) return seen;
  return { ...seen, linger: { isOn: false, why: refused } };
}

/** An agent that was started by hand gives up the home, unless it runs work. */
async function letGo(work: Working, probe: ServiceProbe): Promise<void> {
  const { home, program } = work;
  const running = await findRunning(home, program.ports.timers);
  if (running === undefined) return;
  if ((await readServiceState(probe, work)).isRunning) return;
  const busy = running.attempts.filter(({ state }) => state !== 'finished');
  if (busy.length > 0) {
    const ids = busy.map(({ attempt }) => attempt).join(', ');
    throw new AppError(
      'SERVICE_BUSY',
      `An agent that was started by hand (pid ${running.pid}) holds ${ids}.`,
    );
  }
  await stopAgent(work, running.pid);
}

async function endStray(work: Working): Promise<void> {
  const running = await findRunning(work.home, work.program.ports.timers);
  if (running !== undefined) await stopAgent(work, running.pid);
}

/** Asks the agent to stop; resolves when its process is gone. */
async function stopAgent({ program, home }: Working, pid: number): Promise<void> {
  const name = nameProcess(pid);
  const { clock, timers } = program.ports;
  await askAgent(home, 'stop', timers).catch(() => undefined);
  const untilMs = clock.monotonicMs() + serviceStopMsMax;
  while (isAlive(name) && clock.monotonicMs() < untilMs) await sleep(timers, serviceLookMs);
  if (isAlive(name)) {
    throw new AppError('SERVICE_BUSY', `The agent (pid ${pid}) does not end.`);
  }
}

async function untilAnswers({ program, home }: Working): Promise<void> {
  const { clock, timers } = program.ports;
  const untilMs = clock.monotonicMs() + serviceStartMsMax;
  while ((await findAnswering(home, timers)) === undefined) {
    if (clock.monotonicMs() >= untilMs) {
      throw new AppError(
        'SERVICE_START',
        `No agent answers on ${home.directory}; its log: ${home.agentLog}`,
      );
    }
    await sleep(timers, serviceLookMs);
  }
}

function startsAgent(step: ServicePlan['steps'][number]): boolean {
  if (step.do === 'supervise') return true;
  return step.do === 'tool' && (step.args.includes('start') || step.args.includes('kickstart'));
}

function showPlan(program: Program, { json }: ServiceFlags, plan: ServicePlan): void {
  const { kind, name, notes } = plan;
  const steps = plan.steps.map(describeStep);
  if (json) return program.print(JSON.stringify({ kind, name, steps, notes }));
  program.print([...steps, ...notes.map((note) => `note: ${note}`)].join('\n'));
}

function showState(program: Program, { json }: ServiceFlags, state: ServiceState): void {
  if (json) return program.print(JSON.stringify(state));
  const { kind, name, isRunning, isEnabled, agentPid, supervisorPid, notes } = state;
  const runs = isRunning ? 'keeps the agent running' : 'does not run';
  const agent = agentPid === null ? 'no agent answers' : `agent pid ${agentPid}`;
  const supervisor = supervisorPid === null ? '' : `, supervisor pid ${supervisorPid}`;
  program.print(
    [
      kind === 'none' ? 'no service is installed' : `${kind} (${name}) ${runs}`,
      `now       ${agent}${supervisor}`,
      ...(kind === 'none'
        ? []
        : [`boot      ${isEnabled ? 'starts with the box' : 'does not start with the box'}`]),
      ...notes.map((note) => `note      ${note}`),
    ].join('\n'),
  );
}

function readKind(word: string | undefined): ServiceKind | undefined {
  return word === undefined ? undefined : readWord('--kind ', serviceKinds, word);
}

function readWord<Word extends string>(what: string, words: readonly Word[], word: string): Word {
  const known = words.find((one) => one === word);
  if (known !== undefined) return known;
  throw new AppError('USAGE_ARGUMENT', `service: ${what}"${word}" is none of ${words.join(', ')}.`);
}
