/*
 * What an install will do on a box, from what is known of it. Pure.
 *
 * The steps are always the same, in one order; what is there already is skipped, with its reason, so that
 * the same command can be run again after anything. What cannot work is refused here, before anything is
 * sent. Errors: INSTALL_DISK, PAIR_EXISTS, INSTALL_NAME, WORKER_NAME, WORKER_NAME_TAKEN.
 */
import { AppError } from '../../protocol/errors.ts';
import { assertFreeName, isUnheard, listNames } from '../manager/names.ts';
import type { WorkerRecord } from '../manager/worker.ts';
import { installRoomBytesMin } from './limits.ts';
import type { BoxFacts } from './probe.ts';

/** The steps, in their order. */
export const installSteps = [
  'probe',
  'runtime',
  'agent',
  'pairing',
  'service',
  'link',
  'doctor',
] as const;

/** One of them. */
export type InstallStep = (typeof installSteps)[number];

/** What a step is called. */
export const stepTitles: Readonly<Record<InstallStep, string>> = {
  probe: 'box',
  runtime: 'Node',
  agent: 'agent',
  pairing: 'pairing',
  service: 'service',
  link: 'link',
  doctor: 'doctor',
};

/** What is known before anything is done. */
export interface Survey {
  readonly facts: BoxFacts;
  /** The name of the agent's version that we would bring. */
  readonly version: string;
  /** The name of the runtime that we would bring. */
  readonly runtime: string;
  /** Bytes of both. */
  readonly sizes: { readonly version: number; readonly runtime: number };
  /** This hub's key. */
  readonly hub: string;
  readonly workers: readonly WorkerRecord[];
  /** The wished name. */
  readonly name: string | undefined;
}

/** One step as it is planned. */
export interface PlannedStep {
  readonly step: InstallStep;
  /** Is there nothing to do? */
  readonly isDone: boolean;
  /** What will be done, or what is there. */
  readonly words: string;
}

/** A plan, with what the steps need. */
export interface InstallPlan {
  readonly steps: readonly PlannedStep[];
  /** The worker that the box is already. */
  readonly worker: WorkerRecord | undefined;
  /** Another version than ours is there and serves us: it stays. */
  readonly keepsVersion: string | undefined;
}

/** The plan for a box. Errors: as in the header. */
export function planInstall(survey: Survey): InstallPlan {
  const worker = findPaired(survey);
  assertName(survey, worker);
  const { facts, version } = survey;
  const isOther = facts.current !== undefined && facts.current !== version;
  const keepsVersion = isOther && worker !== undefined ? facts.current : undefined;
  assertRoom(survey, keepsVersion);
  const steps = [
    planProbed(facts),
    planRuntime(survey, keepsVersion),
    planAgent(survey, keepsVersion),
    planPairing(survey, worker),
    { step: 'service', isDone: false, words: describeService(facts) },
    { step: 'link', isDone: false, words: 'wait until it is seen' },
    { step: 'doctor', isDone: false, words: 'ask its doctor' },
  ] as const;
  return { steps, worker, keepsVersion };
}

/** Whose agent is on a box, as its home says. */
type Paired = Pick<Survey, 'facts' | 'hub' | 'workers'>;

/** How a box was reached once may lead to somebody else's agent by now. Errors: PAIR_EXISTS, INSTALL_NAME. */
export function assertIs(found: Paired, worker: Pick<WorkerRecord, 'key' | 'name'>): void {
  const paired = findPaired(found);
  if (paired === undefined || paired.key === worker.key) return;
  const { home } = found.facts;
  const detail = `The agent in ${home} there is ${paired.name} by now, not ${worker.name}.`;
  throw new AppError('INSTALL_NAME', detail);
}

/** The worker that this box is for us; undefined where it is paired with nobody, or was revoked. */
function findPaired({ facts, hub, workers }: Paired): WorkerRecord | undefined {
  if (facts.pairing === '') return undefined;
  const paired = readPairing(facts.pairing);
  if (paired.hub !== hub) {
    const detail = `The agent in ${facts.home} there is paired with another hub already.`;
    throw new AppError('PAIR_EXISTS', detail);
  }
  // Names stay with their keys for good, the former ones too.
  const worker = workers.find(
    ({ name, formerNames }) => name === paired.name || formerNames.includes(paired.name),
  );
  return worker?.revokedAt === null ? worker : undefined;
}

function readPairing(text: string): { readonly hub: string; readonly name: string } {
  try {
    const { hub, name } = JSON.parse(text) as { hub?: unknown; name?: unknown };
    return { hub: String(hub), name: String(name) };
  } catch {
    return { hub: 'unreadable', name: '' };
  }
}

function assertName({ name, workers, facts }: Survey, worker: WorkerRecord | undefined): void {
  if (name === undefined || name === worker?.name) return;
  if (worker !== undefined) {
    const detail = `The box is ${worker.name} already: \`wally team rename ${worker.name} ${name}\`.`;
    throw new AppError('INSTALL_NAME', detail);
  }
  // An install that was cut off may have got this very box as far as that name.
  const others = workers.filter((one) => !isUnheard(one) || one.host !== facts.hostname);
  assertFreeName(name, listNames(others));
}

function assertRoom(survey: Survey, keepsVersion: string | undefined): void {
  const { facts, sizes } = survey;
  const runtimeBytes = planRuntime(survey, keepsVersion).isDone ? 0 : sizes.runtime;
  const versionBytes = planAgent(survey, keepsVersion).isDone ? 0 : sizes.version;
  const wantedBytes = runtimeBytes + versionBytes + installRoomBytesMin;
  if (Number.isNaN(facts.freeBytes) || facts.freeBytes >= wantedBytes) return;
  const mib = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;
  const detail = `${facts.home} has ${mib(facts.freeBytes)} free there, and needs ${mib(wantedBytes)}.`;
  throw new AppError('INSTALL_DISK', detail);
}

function planProbed({ platform, libc, user, hostname, nodeVersion }: BoxFacts): PlannedStep {
  const node = nodeVersion === '' ? 'no Node' : `Node ${nodeVersion}`;
  const what = [platform, libc, node].filter((word) => word !== '').join(', ');
  return { step: 'probe', isDone: false, words: `${user} on ${hostname}: ${what}` };
}

function planRuntime(survey: Survey, keepsVersion: string | undefined): PlannedStep {
  const { facts, runtime, sizes } = survey;
  const done = (words: string) => ({ step: 'runtime', isDone: true, words }) as const;
  if (keepsVersion !== undefined) return done('that of the version that is there');
  if (facts.node !== undefined)
    return done(`the box has Node ${facts.nodeVersion} (${facts.node})`);
  if (facts.there.includes(`runtime/${runtime}`)) return done(`${runtime} is there`);
  const size = sizes.runtime === 0 ? '' : `, ${Math.ceil(sizes.runtime / 2 ** 20)} MiB`;
  return { step: 'runtime', isDone: false, words: `bring ${runtime}${size}` };
}

function planAgent(survey: Survey, keepsVersion: string | undefined): PlannedStep {
  const { facts, version } = survey;
  if (keepsVersion !== undefined) {
    const words = `${keepsVersion} is there and stays; \`wally upgrade\` brings ${version}`;
    return { step: 'agent', isDone: true, words };
  }
  const isThere = facts.there.includes(`versions/${version}`) && facts.current === version;
  if (isThere) return { step: 'agent', isDone: true, words: `${version} is there` };
  return { step: 'agent', isDone: false, words: `bring ${version} into ${facts.home}` };
}

function planPairing({ name }: Survey, worker: WorkerRecord | undefined): PlannedStep {
  if (worker !== undefined) {
    return { step: 'pairing', isDone: true, words: `it is ${worker.name}` };
  }
  const words = name === undefined ? 'pair it, under the next name' : `pair it as ${name}`;
  return { step: 'pairing', isDone: false, words };
}

function describeService({ keeps }: BoxFacts): string {
  switch (keeps) {
    case 'systemd':
      return 'a service of systemd --user';
    case 'launchd':
      return 'a service of launchd';
    case 'cron':
      return 'a supervised background process, started at boot by cron';
    case 'nothing':
      return 'a supervised background process; nothing there starts it at boot';
  }
}
