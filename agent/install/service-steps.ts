/*
 * Performs the steps of a service's plan, one after the other, on the real box.
 *
 * It decides nothing. A step that fails stops the rest, with the tool and its own words; what was done
 * stays, and the same plan made again goes on from there. Errors: SERVICE_TOOL, SERVICE_START, HOME_UNWRITABLE.
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError, hasSystemCode } from '../../protocol/errors.ts';
import { sleep } from '../../protocol/ports.ts';
import { saveWhole } from '../../protocol/whole-file.ts';
import { findAnswering } from '../agent-client.ts';
import type { AgentHome } from '../home.ts';
import type { Program } from '../ports.ts';
import { startBehind } from './behind.ts';
import { serviceLookMs, serviceStartMsMax, serviceStopMsMax } from './limits.ts';
import type { ServiceStep } from './service-plan.ts';
import { dropServiceRecord, type ServiceRecord, saveServiceRecord } from './service-record.ts';
import {
  dropSupervisorRecord,
  findSupervisor,
  findSupervisorRecord,
  isAlive,
  nameProcess,
  type ProcessName,
} from './supervisor-record.ts';
import { describeTool, type RunTool } from './tools.ts';

/** What performing needs. */
export interface StepParts {
  readonly program: Program;
  readonly home: AgentHome;
  readonly tools: RunTool;
}

/** Performs them in order. */
export async function performSteps(parts: StepParts, steps: readonly ServiceStep[]): Promise<void> {
  for (const step of steps) await perform(parts, step);
}

/** A step in words, for a plan that is only shown. */
export function describeStep(step: ServiceStep): string {
  if (step.do === 'write') return `write ${step.path}`;
  if (step.do === 'unlink') return `remove ${step.path}`;
  if (step.do === 'tool') {
    const input = step.input === undefined ? '' : ' (with our line, all else as it is)';
    return `${step.name} ${step.args.join(' ')}${input}`;
  }
  if (step.do === 'record') return `note ${step.record.kind} in service.json`;
  if (step.do === 'forget') return 'remove service.json';
  return step.do === 'supervise' ? 'start a supervisor' : 'stop the supervisor and the agent';
}

async function perform(parts: StepParts, step: ServiceStep): Promise<void> {
  const { home, tools } = parts;
  switch (step.do) {
    case 'write':
      return writeWhole(step.path, step.text);
    case 'unlink':
      return rm(step.path, { force: true });
    case 'record':
      return saveServiceRecord(home.directory, step.record);
    case 'forget':
      return dropServiceRecord(home.directory);
    case 'supervise':
      return supervise(parts, step.record);
    case 'end-supervisor':
      return endSupervisor(parts);
    case 'tool': {
      const ended = await tools(step.name, step.args, step);
      if (ended.code === 0 || step.mayFail) return;
      const words = [step.name, ...step.args].join(' ');
      throw new AppError('SERVICE_TOOL', `\`${words}\` failed: ${describeTool(ended)}`);
    }
  }
}

/** One that has these words already is left alone. */
async function writeWhole(path: string, text: string): Promise<void> {
  const before = await readFile(path, 'utf8').catch((error: unknown) => {
    if (hasSystemCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (before === text) return;
  await mkdir(dirname(path), { recursive: true });
  await saveWhole({ file: path, aside: `${path}.new`, text });
}

/** Starts a supervisor where none runs; resolves once an agent answers. */
async function supervise(parts: StepParts, record: ServiceRecord): Promise<void> {
  const { program, home } = parts;
  const { directory } = home;
  const { clock, timers } = program.ports;
  const untilMs = clock.monotonicMs() + serviceStartMsMax;
  dropRecordOfEarlier(directory);
  for (let own: ProcessName | undefined; clock.monotonicMs() < untilMs; ) {
    const kept = findSupervisor(directory);
    const isKept = kept !== undefined;
    // Both: an agent that ran before is not supervised until its supervisor has said so.
    if (kept?.agent !== undefined && (await findAnswering(home, timers)) !== undefined) return;
    const gaveUp = findSupervisorRecord(directory)?.gaveUp;
    if (gaveUp !== undefined) throw new AppError('SERVICE_START', `${gaveUp}: ${home.agentLog}`);
    // One that was about to go when we looked first is followed by ours.
    if (!isKept && !isNamedAlive(own)) own = await startSupervisor(parts, record);
    await sleep(timers, serviceLookMs);
  }
  throw new AppError(
    'SERVICE_START',
    `No agent answers on ${directory}; its log: ${home.agentLog}`,
  );
}

async function startSupervisor(
  { program, home }: StepParts,
  record: ServiceRecord,
): Promise<ProcessName> {
  const running = await findAnswering(home, program.ports.timers);
  const args = [program.supervisorScript, home.directory, String(running?.pid ?? 0)];
  const pid = await startBehind({
    command: [program.node, ...small, ...args, ...record.command],
    env: { ...program.env, ...record.env, ODALLY_HOME: home.directory },
    logFile: home.agentLog,
  });
  return nameProcess(pid);
}

/** What an earlier one left must not be taken for what ours says; one that gave up is gone, or about to go. */
function dropRecordOfEarlier(directory: string): void {
  const running = findSupervisor(directory);
  if (running === undefined || running.gaveUp !== undefined) dropSupervisorRecord(directory);
}

/** A supervisor has no heap to speak of; Node would give it one for a server. */
const small = ['--max-old-space-size=24', '--max-semi-space-size=1'];

/** Asks it to end its agent and go; resolves when both are gone. */
async function endSupervisor({ program, home }: StepParts): Promise<void> {
  const record = findSupervisor(home.directory);
  if (record === undefined) return dropSupervisorRecord(home.directory);
  program.signal(record.supervisor.pid, 'SIGTERM');
  const { clock, timers } = program.ports;
  // It kills an agent that does not end in time; one more look is for itself.
  const untilMs = clock.monotonicMs() + serviceStopMsMax + serviceStartMsMax;
  const isLeft = () => [record.supervisor, record.agent].some(isNamedAlive);
  while (isLeft() && clock.monotonicMs() < untilMs) await sleep(timers, serviceLookMs);
  if (isNamedAlive(record.supervisor)) program.signal(record.supervisor.pid, 'SIGKILL');
  dropSupervisorRecord(home.directory);
}

function isNamedAlive(name: ProcessName | undefined): boolean {
  return name !== undefined && isAlive(name);
}
