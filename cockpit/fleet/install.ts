/*
 * Installing an agent on a box, step by step, each told as it comes.
 *
 * Every step looks first whether it is done, so the same install can be run again after anything: a cut
 * connection, a full disk, a hub that went away. A step that fails says its code and ends the run; what was
 * put onto the box before it stays, proved, for the next. What is known of the box is kept from the moment
 * that it is paired. Errors: INSTALL_*, SSH_*, PAIR_*, INVITE_*, WORKER_NAME*, those of the agent.
 */

import type { Finding } from '../../protocol/doctor.ts';
import { AppError, wrapError } from '../../protocol/errors.ts';
import { parseInvite } from '../../protocol/invite.ts';
import type { PeerKey } from '../../protocol/model.ts';
import { pickReach } from '../../protocol/reach.ts';
import { formatAddress } from '../../protocol/transports/address.ts';
import { isUnanswered } from '../hub/doctor/ask-worker.ts';
import { askWorkers } from '../hub/doctor/doctor.ts';
import type { Hub } from '../hub/hub.ts';
import type { SshPlace } from '../manager/box.ts';
import type { WorkerRecord } from '../manager/worker.ts';
import { arrange, layLauncher } from './arrange.ts';
import { awaitSeen } from './await-seen.ts';
import type { Bundle } from './bundle.ts';
import { type BoxWay, deliver, isDelivered } from './deliver.ts';
import { installInviteMs } from './limits.ts';
import { askOdally, type OdallyPlace } from './odally.ts';
import { pairOverSsh } from './pair-over-ssh.ts';
import { type InstallPlan, type InstallStep, planInstall } from './plan-install.ts';
import { type BoxFacts, planProbe, readProbe } from './probe.ts';
import { readScript } from './shell.ts';
import { findIdentityFault } from './ssh.ts';
import { countTreeBytes, type Tree } from './tree.ts';

/** What is told of a step. */
export interface StepNews {
  readonly step: InstallStep;
  /** `going` comes in between, with what part of it is done. */
  readonly state: 'begun' | 'going' | 'done' | 'skipped' | 'failed';
  readonly words: string;
  /** The code of a failure. */
  readonly code?: string;
}

/** What is wanted. */
export interface InstallWish {
  readonly place: SshPlace;
  /** The name that the worker is to have. */
  readonly name?: string | undefined;
}

/** What an install works with. */
export interface InstallScene {
  readonly hub: Hub;
  readonly tell: (news: StepNews) => void;
  /** Who asked has left. */
  readonly signal: AbortSignal;
}

/** What came of it. */
export interface Installed {
  readonly worker: WorkerRecord;
  /** The name of the version that is there. */
  readonly version: string;
  readonly home: string;
  readonly service: string;
  readonly link: string;
  readonly findings: readonly Finding[];
}

/** What is known of the box before anything is done to it, and what would be. */
export interface Surveyed {
  readonly way: BoxWay;
  readonly facts: BoxFacts;
  readonly bundle: Bundle;
  readonly plan: InstallPlan;
}

/** Looks at the box and plans; changes nothing, there or here. */
export async function survey(scene: InstallScene, wish: InstallWish): Promise<Surveyed> {
  const { hub, signal } = scene;
  const way = { ssh: hub.ssh, place: wish.place, signal };
  const stdin = planProbe(wish.place.home);
  const answer = await hub.ssh.run(wish.place, readScript, { stdin, signal });
  const fault = findIdentityFault(wish.place, answer.stderr);
  if (fault !== undefined) throw fault;
  const facts = readProbe(answer);
  const bundle = await hub.supplies.bundle(facts.platform);
  const runtime = await hub.supplies.describeRuntime(facts.platform);
  const sizes = { version: countTreeBytes(bundle.tree), runtime: runtime.sizeBytes };
  const known = { facts, sizes, version: bundle.tree.name, runtime: runtime.name, hub: hub.key };
  const plan = planInstall({ ...known, workers: hub.workers.list(), name: wish.name });
  return { way, facts, bundle, plan };
}

/** Does it; one at a time on each box. A failure stands in the journal too. */
export async function install(scene: InstallScene, wish: InstallWish): Promise<Installed> {
  const { installing, workers } = scene.hub;
  const { target, port } = wish.place;
  const box = port === undefined ? target : `${target}:${port}`;
  if (installing.has(box)) throw new AppError('INSTALL_BUSY', `${box} is being installed already.`);
  installing.add(box);
  try {
    return await new Installer(scene, wish).run();
  } catch (thrown) {
    const { code, message } = wrapError(thrown, 'INSTALL_FAILED');
    await workers.note({ kind: 'install-failed', note: `${box}: ${message} [${code}]` });
    throw thrown;
  } finally {
    installing.delete(box);
  }
}

class Installer {
  readonly #scene: InstallScene;
  readonly #wish: InstallWish;
  #surveyed!: Surveyed;

  constructor(scene: InstallScene, wish: InstallWish) {
    this.#scene = scene;
    this.#wish = wish;
  }

  async run(): Promise<Installed> {
    const { hub } = this.#scene;
    this.#surveyed = await this.#step('probe', async () => {
      const value = await survey(this.#scene, this.#wish);
      return { value, words: value.plan.steps[0]?.words ?? '' };
    });
    const { facts, bundle, plan } = this.#surveyed;
    const node = await this.#step('runtime', () => this.#bringRuntime());
    await this.#step('agent', () => this.#bringAgent(node));
    const worker = await this.#step('pairing', () => this.#pair());
    const place = { ...this.#wish.place, home: facts.home };
    await hub.boxes.put(worker.key, { ssh: place });
    const service = await this.#step('service', () => this.#keepUp());
    const link = await this.#step('link', () => this.#awaitLink(worker));
    const findings = await this.#step('doctor', () => this.#diagnose(worker));
    const version = plan.keepsVersion ?? bundle.tree.name;
    await this.#record(worker, { version, service });
    return { worker, version, home: facts.home, service, link, findings };
  }

  /** A run that found all of it done leaves the record, and the journal, as they are. */
  async #record(
    { key }: WorkerRecord,
    what: Pick<Installed, 'version' | 'service'>,
  ): Promise<void> {
    const { boxes, ports } = this.#scene.hub;
    const known = boxes.find(key)?.installed;
    if (known?.version === what.version && known.service === what.service) return;
    const installed = { ...what, at: Math.round(ports.clock.wallMs()) };
    const note = { kind: 'worker-installed', worker: key, note: what.version } as const;
    await boxes.put(key, { installed }, note);
  }

  /** One step: told when it begins and how it ended; its failure is the end of the run. */
  async #step<T>(step: InstallStep, work: () => Promise<Done<T>>): Promise<T> {
    const { tell, signal } = this.#scene;
    const planned = this.#surveyed?.plan.steps.find((one) => one.step === step);
    const words = planned?.words ?? `look at ${this.#wish.place.target}`;
    if (planned?.isDone !== true) tell({ step, state: 'begun', words });
    try {
      signal.throwIfAborted();
      const done = await work();
      tell({ step, state: done.isSkipped === true ? 'skipped' : 'done', words: done.words });
      return done.value;
    } catch (thrown) {
      const error = signal.aborted
        ? new AppError('INSTALL_LEFT', `The install was left while it did “${step}”.`)
        : wrapError(thrown, 'INSTALL_FAILED');
      tell({ step, state: 'failed', words: error.message, code: error.code });
      throw error;
    }
  }

  /** The Node that will run the agent, by its path on the box. */
  async #bringRuntime(): Promise<Done<string>> {
    const { facts, plan } = this.#surveyed;
    if (plan.keepsVersion !== undefined) {
      return { value: '', words: 'that of the version that is there', isSkipped: true };
    }
    if (facts.node !== undefined) {
      const words = `the box has Node ${facts.nodeVersion} (${facts.node})`;
      return { value: facts.node, words, isSkipped: true };
    }
    const tree = await this.#scene.hub.supplies.runtime(facts.platform);
    const done = await this.#bring(tree, { parent: 'runtime', step: 'runtime' });
    return { ...done, value: `${facts.home}/runtime/${tree.name}/bin/node` };
  }

  async #bringAgent(node: string): Promise<Done<undefined>> {
    const { way, facts, bundle, plan } = this.#surveyed;
    const { tree } = bundle;
    if (plan.keepsVersion !== undefined) {
      await layLauncher(way, facts.home);
      const words = `${plan.keepsVersion} is there; \`wally upgrade\` brings ${tree.name}`;
      return { value: undefined, words, isSkipped: true };
    }
    const done = await this.#bring(tree, { parent: 'versions', step: 'agent' });
    await arrange(way, { home: facts.home, version: tree.name, node });
    return done;
  }

  async #bring(
    tree: Tree,
    { parent, step }: { readonly parent: 'versions' | 'runtime'; readonly step: InstallStep },
  ): Promise<Done<undefined>> {
    const { way } = this.#surveyed;
    if (await isDelivered(way, { tree, parent })) {
      return { value: undefined, words: `${tree.name} is there`, isSkipped: true };
    }
    const mib = Math.ceil(countTreeBytes(tree) / 2 ** 20);
    const sent = (share: number) => {
      const words = `${Math.round(share * 100)} % of ${mib} MiB`;
      this.#scene.tell({ step, state: 'going', words });
    };
    await deliver(way, { tree, parent, sent });
    return { value: undefined, words: `${tree.name}, ${mib} MiB` };
  }

  async #pair(): Promise<Done<WorkerRecord>> {
    const { hub } = this.#scene;
    const { way, facts, plan } = this.#surveyed;
    if (plan.worker !== undefined) {
      return { value: plan.worker, words: `it is ${plan.worker.name}`, isSkipped: true };
    }
    // A box that is not trusted any more may still have its agent, which holds the home.
    if (facts.pairing !== '') await this.#stopAgent();
    const { name } = this.#wish;
    const invite = await hub.invites.create({
      ...{ kind: 'worker', ...pickReach(hub.door), ttlMs: installInviteMs, asks: false },
      isPassing: true,
      ...(name === undefined ? {} : { name }),
    });
    try {
      const odally = { way, home: facts.home };
      // No other box gets to such a hub, so it is not tried, for half a minute, first.
      const isAlone = hub.door.addresses.every(({ host }) => host === '127.0.0.1');
      const heard = isAlone
        ? undefined
        : await this.#join(odally, invite.code).catch(unlessUnreached);
      const key = heard ?? (await this.#joinOverSsh(odally, invite.code));
      const why = isAlone ? 'the hub listens on its own box alone' : 'UDP does not get through';
      const how = heard === undefined ? `, over ssh: ${why}` : '';
      const worker = hub.workers.find(key);
      if (worker === undefined) throw new AppError('PEER_UNKNOWN');
      return { value: worker, words: `it is ${worker.name}${how}` };
    } finally {
      await hub.invites.withdraw(parseInvite(invite.code).oneTimeKey);
    }
  }

  async #stopAgent(): Promise<void> {
    const { way, facts } = this.#surveyed;
    const isGone = (error: unknown) =>
      error instanceof AppError && ['SERVICE_NONE', 'AGENT_UNREACHABLE'].includes(error.code);
    for (const words of ['service stop --json', 'stop --json']) {
      await askOdally({ way, home: facts.home }, words).catch((error: unknown) => {
        if (!isGone(error)) throw error;
      });
    }
  }

  async #join(odally: OdallyPlace, code: string): Promise<PeerKey> {
    const joined = await askOdally(odally, 'join - --only --json', `${code}\n`);
    return String(joined.key);
  }

  async #joinOverSsh(odally: OdallyPlace, code: string): Promise<PeerKey> {
    const { hub } = this.#scene;
    return pairOverSsh(hub, odally, code).catch((cause: unknown) => {
      const { message } = wrapError(cause, 'INSTALL_FAILED');
      const detail = `The box does not reach this hub at ${describeDoor(hub)}. ${message}`;
      throw new AppError('INSTALL_UNREACHED', detail, { cause });
    });
  }

  async #keepUp(): Promise<Done<string>> {
    const { way, facts } = this.#surveyed;
    const kept = await askOdally({ way, home: facts.home }, 'service install --json');
    const kind = String(kept.kind);
    const notes = Array.isArray(kept.notes) ? kept.notes.map(String) : [];
    return { value: kind, words: [kind, ...notes].join('; ') };
  }

  async #awaitLink(worker: WorkerRecord): Promise<Done<string>> {
    const { hub, signal } = this.#scene;
    const { way, facts } = this.#surveyed;
    const link = await awaitSeen(hub, worker.key, signal);
    if (link !== undefined) return { value: link, words: link };
    const status = await askOdally({ way, home: facts.home }, 'status --json').catch(() => ({}));
    const says = 'link' in status ? `; its agent says: ${String(status.link)}` : '';
    const detail = `${worker.name} runs, and does not reach this hub at ${describeDoor(hub)}${says}.`;
    throw new AppError('INSTALL_UNSEEN', detail);
  }

  async #diagnose(worker: WorkerRecord): Promise<Done<readonly Finding[]>> {
    const { hub, signal } = this.#scene;
    const ask = () => askWorkers(hub, [worker.name], { fix: false });
    let [report] = await ask();
    if (report !== undefined && isUnanswered(report)) {
      // A link that is so young may have given way to a better one, and the question went with it.
      await awaitSeen(hub, worker.key, signal);
      [report] = await ask();
    }
    const value = report?.findings ?? [];
    const words = value.length === 0 ? 'nothing is wrong' : value.map(({ seen }) => seen).join(' ');
    return { value, words };
  }
}

/** A box that does not get through to us is no failure yet. */
function unlessUnreached(error: unknown): undefined {
  if (error instanceof AppError && error.code === 'LINK_TIMEOUT') return undefined;
  throw error;
}

interface Done<T> {
  readonly value: T;
  readonly words: string;
  /** There was nothing to do. */
  readonly isSkipped?: boolean;
}

function describeDoor({ door }: Hub): string {
  return door.addresses.map(formatAddress).join(', ');
}
