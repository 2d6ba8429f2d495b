/*
 * Which kind of service a box gets, and the steps that install, start, stop and remove it.
 *
 * Pure: a probe in, steps and words out; `service-steps` performs them. Every step may be repeated, so
 * a plan that was cut off is simply made again. Invariants: the record is written before anything
 * outside the home is touched and dropped after all of that is gone; only files and lines that bear our
 * name are touched.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { addCronLine, type CronPlan, isCronable, removeCronLine } from './crontab-line.ts';
import { renderPlist } from './launchd-plist.ts';
import type { ServiceKind, ServiceRecord } from './service-record.ts';
import { renderUnit } from './systemd-unit.ts';
import type { ToolOptions } from './tools.ts';

/** What was found on the box. */
export interface ServiceProbe {
  /** The home, and the log file of what runs in the background. */
  readonly home: string;
  readonly logFile: string;
  /** The one that an agent has where nobody says otherwise. */
  readonly isUsualHome: boolean;
  readonly userHome: string;
  /** Where a user's units lie. */
  readonly configHome: string;
  readonly uid: number;
  readonly user: string;
  readonly systemd: { readonly isReachable: boolean; readonly why: string };
  /** Does systemd keep this user's services when they are logged out? */
  readonly linger: { readonly isOn: boolean; readonly why: string };
  readonly launchd: { readonly domain: string } | undefined;
  /** The user's crontab; undefined where there is no cron. */
  readonly crontab: string | undefined;
  readonly record: ServiceRecord | undefined;
  /** What starts an agent: a program and its words, and its environment. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly at: number;
}

/** One thing to do. */
export type ServiceStep =
  | { readonly do: 'write'; readonly path: string; readonly text: string }
  | { readonly do: 'unlink'; readonly path: string }
  | ({
      readonly do: 'tool';
      readonly name: string;
      readonly args: readonly string[];
      /** Where it fails, nothing is lost: it was so already, or there is nothing to undo. */
      readonly mayFail: boolean;
    } & ToolOptions)
  | { readonly do: 'record'; readonly record: ServiceRecord }
  | { readonly do: 'forget' }
  | { readonly do: 'supervise'; readonly record: ServiceRecord }
  | { readonly do: 'end-supervisor' };

/** What will be done, and what a person should know of it. */
export interface ServicePlan {
  readonly kind: ServiceKind;
  readonly name: string;
  readonly steps: readonly ServiceStep[];
  readonly notes: readonly string[];
}

/** The best kind that this box has, and why no better one. */
export function chooseKind({ systemd, linger, launchd }: ServiceProbe): {
  readonly kind: ServiceKind;
  readonly notes: readonly string[];
} {
  if (launchd !== undefined) return { kind: 'launchd', notes: [] };
  if (!systemd.isReachable) {
    return { kind: 'background', notes: [`no systemd of this user: ${systemd.why}`] };
  }
  if (linger.isOn) return { kind: 'systemd', notes: [] };
  // Without lingering the service would end when its person logs out; a background process does not.
  const why = `systemd would end it at logout, because lingering is off: ${linger.why}`;
  return { kind: 'background', notes: [why] };
}

/** Installs and, where asked, starts. A service of another kind that is here goes first. */
export function planInstall(
  probe: ServiceProbe,
  asked: { readonly kind: ServiceKind | undefined; readonly start: 'start' | 'later' },
): ServicePlan {
  const chosen = chooseKind(probe);
  const kind = asked.kind ?? chosen.kind;
  const record = describeService(probe, kind);
  const before = probe.record;
  const isOther = before !== undefined && (before.kind !== kind || before.name !== record.name);
  return {
    kind,
    name: record.name,
    steps: [
      ...(isOther ? removals(probe, before) : []),
      { do: 'record', record },
      ...settings(probe, record),
      ...(asked.start === 'start' ? starts(probe, record) : []),
    ],
    notes: [...(asked.kind === undefined ? chosen.notes : []), ...describeBoot(record)],
  };
}

/** Stops it and takes away what was installed. */
export function planRemove(probe: ServiceProbe, record: ServiceRecord): ServicePlan {
  const { kind, name } = record;
  return { kind, name, steps: [...removals(probe, record), { do: 'forget' }], notes: [] };
}

/** Starts what is installed. */
export function planStart(probe: ServiceProbe, record: ServiceRecord): ServicePlan {
  const { kind, name } = record;
  return { kind, name, steps: starts(probe, record), notes: [] };
}

/** Stops what runs; it is still installed and comes back with the box. */
export function planStop(probe: ServiceProbe, record: ServiceRecord): ServicePlan {
  const { kind, name } = record;
  return { kind, name, steps: stops(probe, record), notes: [] };
}

/** Where a kind keeps its file outside the home; the others have none. */
export function locateServiceFile(
  { userHome, configHome }: Pick<ServiceProbe, 'userHome' | 'configHome'>,
  { kind, name }: Pick<ServiceRecord, 'kind' | 'name'>,
): string | undefined {
  if (kind === 'systemd') return join(configHome, 'systemd', 'user', name);
  if (kind === 'launchd') return join(userHome, 'Library', 'LaunchAgents', `${name}.plist`);
  return undefined;
}

/** The words of the crontab's line: they start the service as a person would. */
export function planCron({ home, command }: CronPlan): CronPlan {
  return { home, command: [...command.slice(0, -1), 'service', 'start'] };
}

function describeService(probe: ServiceProbe, kind: ServiceKind): ServiceRecord {
  const { command, env, at } = probe;
  const name = nameService(probe, kind);
  const file = locateServiceFile(probe, { kind, name });
  return {
    ...{ kind, name, at },
    command: [...command],
    env: { ...env },
    files: file === undefined ? [] : [file],
    boot: planBoot(probe, kind),
  };
}

/** Agents of several homes live side by side; only that of the usual home has the plain name. */
function nameService({ home, isUsualHome }: ServiceProbe, kind: ServiceKind): string {
  const short = createHash('sha256').update(home).digest('hex').slice(0, 8);
  if (kind === 'systemd') return isUsualHome ? 'odally.service' : `odally-${short}.service`;
  if (kind === 'launchd') return isUsualHome ? 'wally.odally' : `wally.odally.${short}`;
  return isUsualHome ? 'odally' : `odally-${short}`;
}

function planBoot(probe: ServiceProbe, kind: ServiceKind): ServiceRecord['boot'] {
  if (kind === 'launchd') return { starts: true, why: 'launchd starts it at login' };
  if (kind === 'systemd') {
    const { isOn, why } = probe.linger;
    return isOn
      ? { starts: true, why: 'lingering is on' }
      : { starts: false, why: `lingering is off: ${why}` };
  }
  if (probe.crontab === undefined) return { starts: false, why: 'this box has no cron' };
  if (!isCronable(planCron(probe))) {
    return { starts: false, why: 'the name of the home does not fit into a crontab' };
  }
  return { starts: true, why: 'by a line in the crontab' };
}

function describeBoot({ boot }: ServiceRecord): readonly string[] {
  return boot.starts ? [] : [`it will not start with the box (${boot.why})`];
}

/** What makes it come with the box; nothing is started by that. */
function settings(probe: ServiceProbe, record: ServiceRecord): readonly ServiceStep[] {
  const { home, logFile } = probe;
  const path = locateServiceFile(probe, record) ?? '';
  const { name, command, env } = record;
  if (record.kind === 'systemd') {
    return [
      { do: 'write', path, text: renderUnit({ home, command, env, logFile }) },
      userctl('must', 'daemon-reload'),
      userctl('must', 'enable', name),
    ];
  }
  if (record.kind === 'launchd') {
    const text = renderPlist({ label: name, command, env, logFile });
    return [
      { do: 'write', path, text },
      launchctl('may', 'enable', `${probe.launchd?.domain}/${name}`),
    ];
  }
  if (probe.crontab === undefined || !record.boot.starts) return [];
  return writeCrontab(probe.crontab, addCronLine(probe.crontab, planCron({ home, command })));
}

function starts(probe: ServiceProbe, record: ServiceRecord): readonly ServiceStep[] {
  const { name } = record;
  if (record.kind === 'systemd') {
    // After many quick deaths it would refuse to be started until that is forgotten.
    return [userctl('may', 'reset-failed', name), userctl('must', 'start', name)];
  }
  if (record.kind === 'launchd') {
    const domain = probe.launchd?.domain ?? `gui/${probe.uid}`;
    const path = locateServiceFile(probe, record) ?? '';
    return [
      // It is in the domain already unless it was stopped; then the second starts it.
      launchctl('may', 'bootstrap', domain, path),
      launchctl('must', 'kickstart', `${domain}/${name}`),
    ];
  }
  return [{ do: 'supervise', record }];
}

function stops(probe: ServiceProbe, { kind, name }: ServiceRecord): readonly ServiceStep[] {
  if (kind === 'systemd') return [userctl('may', 'stop', name)];
  if (kind === 'launchd') {
    const domain = probe.launchd?.domain ?? `gui/${probe.uid}`;
    return [launchctl('may', 'bootout', `${domain}/${name}`)];
  }
  return [{ do: 'end-supervisor' }];
}

function removals(probe: ServiceProbe, record: ServiceRecord): readonly ServiceStep[] {
  const steps = [...stops(probe, record)];
  if (record.kind === 'systemd') steps.push(userctl('may', 'disable', record.name));
  for (const path of record.files) steps.push({ do: 'unlink', path });
  if (record.kind === 'systemd') {
    steps.push(userctl('may', 'daemon-reload'), userctl('may', 'reset-failed', record.name));
  }
  if (probe.crontab === undefined) return steps;
  return [...steps, ...writeCrontab(probe.crontab, removeCronLine(probe.crontab, probe.home))];
}

function writeCrontab(before: string, after: string): readonly ServiceStep[] {
  if (after === before) return [];
  // An empty one is removed, as if there had never been one.
  if (after === '') return [{ do: 'tool', name: 'crontab', args: ['-r'], mayFail: true }];
  return [{ do: 'tool', name: 'crontab', args: ['-'], input: after, mayFail: false }];
}

function userctl(need: 'must' | 'may', ...words: readonly string[]): ServiceStep {
  return { do: 'tool', name: 'systemctl', args: ['--user', ...words], mayFail: need === 'may' };
}

function launchctl(need: 'must' | 'may', ...words: readonly string[]): ServiceStep {
  return { do: 'tool', name: 'launchctl', args: words, mayFail: need === 'may' };
}
