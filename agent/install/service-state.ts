/*
 * How the service of a home stands now: installed, coming with the box, running, and what is wrong with it.
 *
 * It only looks. What it finds is what `odally service status` prints and what doctor judges.
 */
import { existsSync } from 'node:fs';
import { findAnswering } from '../agent-client.ts';
import type { AgentHome } from '../home.ts';
import type { Program } from '../ports.ts';
import { hasCronLine } from './crontab-line.ts';
import { planCron, type ServiceProbe } from './service-plan.ts';
import type { ServiceRecord } from './service-record.ts';
import { findSupervisor, findSupervisorRecord } from './supervisor-record.ts';
import type { RunTool } from './tools.ts';

/** What is seen. Null where the kind knows no such thing. */
export interface ServiceState {
  readonly kind: ServiceRecord['kind'] | 'none';
  readonly name: string | null;
  /** Are all of its files there? */
  readonly isInstalled: boolean;
  /** Will it start with the box? */
  readonly isEnabled: boolean;
  readonly isLingering: boolean | null;
  /** Is it kept running now? */
  readonly isRunning: boolean;
  /** Of the supervisor, where that is what keeps it. */
  readonly supervisorPid: number | null;
  /** Of the agent that answers on this home, whoever started it. */
  readonly agentPid: number | null;
  readonly version: string | null;
  /** What a person should know. */
  readonly notes: readonly string[];
}

/** Whose agent may run, and what it is asked with. */
interface StatePlace {
  readonly home: AgentHome;
  readonly program: Pick<Program, 'ports'>;
}

/** Looks. */
export async function readServiceState(
  probe: ServiceProbe,
  { home, tools, program }: StatePlace & { readonly tools: RunTool },
): Promise<ServiceState> {
  const running = await findAnswering(home, program.ports.timers);
  const { record } = probe;
  if (record === undefined) return describeNone({ home, program });
  const seen = await look(probe, record, tools);
  const isStray = running !== undefined && !seen.isRunning;
  const stray = isStray ? [`the agent (pid ${running.pid}) was not started by its service`] : [];
  return {
    kind: record.kind,
    name: record.name,
    ...seen,
    agentPid: running?.pid ?? null,
    version: running?.version ?? null,
    notes: [...seen.notes, ...stray],
  };
}

type Seen = Omit<ServiceState, 'kind' | 'name' | 'agentPid' | 'version'>;

/** How it stands where no service was installed. */
export async function describeNone({ home, program }: StatePlace): Promise<ServiceState> {
  const running = await findAnswering(home, program.ports.timers);
  return {
    ...{ kind: 'none', name: null, isInstalled: false, isEnabled: false, isLingering: null },
    ...{ isRunning: false, supervisorPid: null, notes: [] },
    agentPid: running?.pid ?? null,
    version: running?.version ?? null,
  };
}

function look(probe: ServiceProbe, record: ServiceRecord, tools: RunTool): Promise<Seen> {
  if (record.kind === 'systemd') return lookAtUnit(probe, record, tools);
  if (record.kind === 'launchd') return lookAtLabel(probe, record, tools);
  return Promise.resolve(lookAtSupervisor(probe, record));
}

async function lookAtUnit(
  { linger }: ServiceProbe,
  { name, files }: ServiceRecord,
  tools: RunTool,
): Promise<Seen> {
  const properties = '--property=LoadState,ActiveState,SubState,UnitFileState,Result';
  const { stdout } = await tools('systemctl', ['--user', 'show', name, properties]);
  const value = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(stdout)?.[1] ?? '';
  const isRunning = /^(active|activating|reloading)$/.test(value('ActiveState'));
  const failed =
    value('ActiveState') === 'failed' ? [`systemd gave it up: ${value('Result')}`] : [];
  const lingering = linger.isOn
    ? []
    : [`it ends at logout, because lingering is off: ${linger.why}`];
  return {
    isInstalled: files.every((file) => existsSync(file)) && value('LoadState') === 'loaded',
    isEnabled: value('UnitFileState') === 'enabled',
    isLingering: linger.isOn,
    isRunning,
    supervisorPid: null,
    notes: [...failed, ...lingering],
  };
}

async function lookAtLabel(
  probe: ServiceProbe,
  { name, files }: ServiceRecord,
  tools: RunTool,
): Promise<Seen> {
  const domain = probe.launchd?.domain ?? `gui/${probe.uid}`;
  const shown = await tools('launchctl', ['print', `${domain}/${name}`]);
  const disabled = await tools('launchctl', ['print-disabled', domain]);
  const isInstalled = files.every((file) => existsSync(file));
  const isDisabled = disabled.stdout
    .split('\n')
    .some((line) => line.includes(`"${name}"`) && /=> (disabled|true)/.test(line));
  return {
    isInstalled,
    isEnabled: isInstalled && !isDisabled,
    isLingering: null,
    isRunning: shown.code === 0 && /^\s*pid = \d+$/m.test(shown.stdout),
    supervisorPid: null,
    notes: [],
  };
}

function lookAtSupervisor({ home, crontab }: ServiceProbe, record: ServiceRecord): Seen {
  const supervisor = findSupervisor(home);
  const gaveUp = findSupervisorRecord(home)?.gaveUp;
  const hasLine = hasCronLine(crontab ?? '', planCron({ home, command: record.command }));
  return {
    isInstalled: true,
    isEnabled: hasLine,
    isLingering: null,
    isRunning: supervisor !== undefined,
    supervisorPid: supervisor?.supervisor.pid ?? null,
    notes: [
      ...(gaveUp === undefined ? [] : [gaveUp]),
      ...(hasLine ? [] : [`it will not start with the box (${describeNoLine(record, crontab)})`]),
    ],
  };
}

function describeNoLine({ boot }: ServiceRecord, crontab: string | undefined): string {
  if (crontab === undefined) return 'this box has no cron';
  return boot.starts ? 'its line in the crontab is gone' : boot.why;
}
