/*
 * Bringing this hub's version of the agent to a box over ssh, and seeing it take over there.
 *
 * The hub sends, proves and asks; the change itself is made on the box by the version that is left, so it goes on
 * and goes back by itself whatever becomes of the ssh, the asker or the hub. What came of it is told by the agent's
 * own hello. Errors: UPGRADE_*, VERSION_*, INSTALL_*, SSH_*.
 */
import { AppError, isErrorCode, wrapError } from '../../protocol/errors.ts';
import { sleep } from '../../protocol/ports.ts';
import type { Hub } from '../hub/hub.ts';
import type { SshPlace } from '../manager/box.ts';
import type { WorkerRecord } from '../manager/worker.ts';
import { layLauncher } from './arrange.ts';
import { beginUpgrade } from './begin-upgrade.ts';
import type { Bundle } from './bundle.ts';
import { type BoxWay, deliver, isDelivered } from './deliver.ts';
import { upgradeAskMs, upgradeLookMs } from './limits.ts';
import { askUpgrade } from './odally.ts';
import { assertIs } from './plan-install.ts';
import { type BoxFacts, planProbe, readProbe } from './probe.ts';
import { readScript } from './shell.ts';
import { countTreeBytes, type Tree } from './tree.ts';

/** What is told while it goes on. */
export interface UpgradeNews {
  readonly name: string;
  readonly state: 'looking' | 'sending' | 'draining' | 'starting' | UpgradeRow['as'];
  readonly words: string;
  readonly code?: string;
}

/** What came of one worker. */
export interface UpgradeRow {
  readonly name: string;
  readonly from: string | null;
  readonly to: string | null;
  /** `planned`: nothing was done; `current`: there was nothing to do; `left`: it was not begun. */
  readonly as: 'done' | 'current' | 'rolled-back' | 'failed' | 'planned' | 'left';
  readonly code?: string;
  readonly message?: string;
}

/** What upgrading works with. */
export interface UpgradeScene {
  readonly hub: Hub;
  readonly tell: (news: UpgradeNews) => void;
  /** Who asked has left: nothing more is begun, and what was begun is not waited for. */
  readonly signal: AbortSignal;
}

/** Upgrades one worker, or only says what would be done. Never rejects. */
export async function upgradeWorker(
  scene: UpgradeScene,
  worker: WorkerRecord,
  how: 'do' | 'plan',
): Promise<UpgradeRow> {
  const { name } = worker;
  const seen: { from: string | null; to: string | null } = { from: null, to: null };
  try {
    const row = await new Upgrade(scene, worker, seen).run(how);
    scene.tell({ name, state: row.as, words: describeRow(row), ...pickCode(row) });
    return row;
  } catch (thrown) {
    const { code, message } = wrapError(thrown, 'UPGRADE_STUCK');
    scene.tell({ name, state: 'failed', words: message, code });
    return { name, ...seen, as: 'failed', code, message };
  }
}

/** One row in a few words. */
export function describeRow({ from, to, as, message }: UpgradeRow): string {
  switch (as) {
    case 'done':
      return `${to} serves; before it was ${from}`;
    case 'current':
      return `${to} serves already`;
    case 'planned':
      return `${from} would be followed by ${to}`;
    case 'left':
    case 'rolled-back':
    case 'failed':
      return message ?? 'it failed';
  }
}

class Upgrade {
  readonly #scene: UpgradeScene;
  readonly #worker: WorkerRecord;
  readonly #seen: { from: string | null; to: string | null };

  constructor(
    scene: UpgradeScene,
    worker: WorkerRecord,
    seen: { from: string | null; to: string | null },
  ) {
    this.#scene = scene;
    this.#worker = worker;
    this.#seen = seen;
  }

  async run(how: 'do' | 'plan'): Promise<UpgradeRow> {
    const { hub, signal } = this.#scene;
    const { name, key } = this.#worker;
    const place = hub.boxes.find(key)?.ssh;
    if (place === undefined) {
      const hint = `There is no way by ssh to the box of ${name}.`;
      throw new AppError('UPGRADE_NO_WAY', hint);
    }
    this.#tell('looking', `looks at ${place.target}`);
    const way: BoxWay = { ssh: hub.ssh, place, signal };
    const facts = await this.#probe(place);
    assertIs({ facts, hub: hub.key, workers: hub.workers.list() }, this.#worker);
    const bundle = await hub.supplies.bundle(facts.platform);
    const to = bundle.tree.name;
    Object.assign(this.#seen, { from: facts.current ?? null, to });
    if (facts.current === undefined) {
      throw new AppError('VERSION_UNKNOWN', `Nothing is installed in ${facts.home} there.`);
    }
    const row = { name, from: facts.current, to };
    if (facts.current === to)
      return how === 'plan' ? { ...row, as: 'current' } : this.#decide(row, way, facts);
    if (how === 'plan') return { ...row, as: 'planned' };
    const node = await this.#bring(way, facts, bundle);
    await layLauncher(way, facts.home);
    const at = await beginUpgrade(
      { way, home: facts.home },
      { to, node, timers: hub.ports.timers },
    );
    const told = await this.#follow({ way, home: facts.home, at, to });
    return { ...row, ...told };
  }

  /** What is current may wait for its verdict, and be taken back. */
  async #decide(
    row: Pick<UpgradeRow, 'name'> & { readonly to: string },
    way: BoxWay,
    { home }: BoxFacts,
  ): Promise<UpgradeRow> {
    const { to } = row;
    const record = await askUpgrade({ way, home }).catch(() => undefined);
    if (record?.phase !== 'switched' || record.to !== to)
      return { ...row, from: to, as: 'current' };
    const from = String(record.from);
    this.#seen.from = from;
    const told = await this.#follow({ way, home, at: Number(record.at), to });
    return { ...row, from, ...told };
  }

  async #probe(place: SshPlace): Promise<BoxFacts> {
    const { hub, signal } = this.#scene;
    const stdin = planProbe(place.home);
    return readProbe(await hub.ssh.run(place, readScript, { stdin, signal }));
  }

  /** Puts the version there, and a Node where the box has none; resolves with the Node's path. */
  async #bring(way: BoxWay, facts: BoxFacts, { tree }: Bundle): Promise<string> {
    await this.#put(way, tree, 'versions');
    if (facts.node !== undefined) return facts.node;
    const runtime = await this.#scene.hub.supplies.runtime(facts.platform);
    await this.#put(way, runtime, 'runtime');
    return `${facts.home}/runtime/${runtime.name}/bin/node`;
  }

  async #put(way: BoxWay, tree: Tree, parent: 'versions' | 'runtime'): Promise<void> {
    if (await isDelivered(way, { tree, parent })) return;
    const mib = Math.ceil(countTreeBytes(tree) / 2 ** 20);
    this.#tell('sending', `${tree.name}, ${mib} MiB`);
    await deliver(way, { tree, parent });
  }

  /** Waits for what comes of it, however long what runs there takes. */
  async #follow(change: Change): Promise<Pick<UpgradeRow, 'as' | 'code' | 'message'>> {
    const { hub, signal } = this.#scene;
    let said = '';
    for (let waitedMs = 0; !signal.aborted; waitedMs += upgradeLookMs) {
      const told = hub.boxes.find(this.#worker.key)?.upgrade;
      // A hello of the new version says so before its box has decided; its session is what decides.
      if (told?.at === change.at) return readTold(told);
      const news = this.#describeWait(change.to);
      if (news.words !== said) this.#tell(news.state, news.words);
      said = news.words;
      if (waitedMs % upgradeAskMs === 0 && waitedMs > 0) {
        const settled = await this.#ask(change);
        if (settled !== undefined) return settled;
      }
      await sleep(hub.ports.timers, upgradeLookMs);
    }
    const detail = `It goes on by itself on the box of ${this.#worker.name}; see \`wally team\`.`;
    throw new AppError('UPGRADE_LEFT', detail);
  }

  #describeWait(to: string): Pick<UpgradeNews, 'state' | 'words'> {
    const { hub } = this.#scene;
    const { key } = this.#worker;
    if (hub.boxLife.find(key).draining === null)
      return { state: 'starting', words: `starts ${to}` };
    const ids = hub.desk.listHeldBy(key).map(({ id }) => id);
    const what = ids.length === 0 ? 'what runs' : ids.slice(0, 5).join(', ');
    return { state: 'draining', words: `waits for ${what} to end; nothing new starts meanwhile` };
  }

  /** What came to nothing is told by no hello, and what has no session tells nothing. That ssh fails says nothing either. */
  async #ask({
    way,
    home,
    at,
  }: Change): Promise<Pick<UpgradeRow, 'as' | 'code' | 'message'> | undefined> {
    const record = await askUpgrade({ way, home }).catch(() => undefined);
    if (record === undefined || record.at !== at) return undefined;
    const { phase, code, message } = record;
    if (phase === 'done') return { as: phase };
    if (phase !== 'failed' && phase !== 'left' && phase !== 'rolled-back') return undefined;
    return readTold({
      as: phase === 'rolled-back' ? phase : 'failed',
      code: typeof code === 'string' ? code : 'UPGRADE_STUCK',
      message: typeof message === 'string' ? message : 'It was given up on the box.',
    });
  }

  #tell(state: UpgradeNews['state'], words: string): void {
    this.#scene.tell({ name: this.#worker.name, state, words });
  }
}

interface Change {
  readonly way: BoxWay;
  readonly home: string;
  readonly at: number;
  readonly to: string;
}

function readTold(told: {
  readonly as: string;
  readonly code?: string;
  readonly message?: string;
}): Pick<UpgradeRow, 'as' | 'code' | 'message'> {
  const as = told.as === 'done' || told.as === 'rolled-back' ? told.as : 'failed';
  const code = told.code !== undefined && isErrorCode(told.code) ? { code: told.code } : {};
  return { as, ...code, ...(told.message === undefined ? {} : { message: told.message }) };
}

function pickCode({ code }: UpgradeRow): { readonly code?: string } {
  return code === undefined ? {} : { code };
}
