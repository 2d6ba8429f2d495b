/*
 * A hub and an agent that can be bent (handlers that fail, other versions), and one that is sound:
 * real processes on homes of their own.
 *
 * Each is started again when it ends, as an init system would, and its ends are counted.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { InviteShape, TeamRow } from '../../../cockpit/verbs/shapes.ts';
import { prefixRange } from '../../../store/keys.ts';
import { openLevelKv } from '../../../store/open.ts';
import { type Homes, openHomes } from '../../kit/homes.ts';
import { startVerb } from '../../kit/processes.ts';
import { Box } from '../field/box.ts';
import { Voice } from '../field/voice.ts';

/** How the two are bent: what goes into their environments, see `bend.ts`. */
export interface BentPlan {
  readonly hub: Readonly<Record<string, string>>;
  readonly agent: Readonly<Record<string, string>>;
}

const linkedMsMax = 60_000;

/** Starts all of it. */
export async function openBentField(plan: BentPlan): Promise<BentField> {
  const field = new BentField(plan);
  try {
    await field.open();
    return field;
  } catch (thrown) {
    await field.close();
    throw thrown;
  }
}

/** Life cycle: `openBentField`, then `close`, which ends every process and removes every file. */
export class BentField implements AsyncDisposable {
  readonly homes: Homes = openHomes();
  hub: Box;
  readonly voice: Voice;
  readonly agents = new Map<string, Box>();
  readonly #plan: BentPlan;

  constructor(plan: BentPlan) {
    this.#plan = plan;
    const home = this.#makeHome('hub');
    this.hub = this.#makeBox('hub', plan.hub);
    this.voice = new Voice(join(home, 'hub.sock'));
  }

  async open(): Promise<void> {
    await this.hub.start();
    await this.#addAgent('struck', this.#plan.agent);
    await this.#addAgent('sound', {});
  }

  /** Kills one of the two and starts it again on its home, bent otherwise. */
  async become(which: 'hub' | 'struck', bend: Readonly<Record<string, string>>): Promise<void> {
    const before = which === 'hub' ? this.hub : this.agents.get(which);
    await before?.close();
    const box = this.#makeBox(which, bend);
    if (which === 'hub') this.hub = box;
    else this.agents.set(which, box);
    await box.start();
  }

  /** What one of them has said over all of its lives. */
  readWords(which: 'hub' | 'struck'): string {
    return readFileSync(join(this.homes.root, `${which}.log`), 'utf8');
  }

  /** A pairing code of the hub. */
  async invite(): Promise<string> {
    return (await this.voice.ask<InviteShape>('invite')).code;
  }

  /** The worker's name by the name of its home. */
  nameOf(home: 'struck' | 'sound'): string {
    return this.#names.get(home) ?? '';
  }

  /** Messages that the hub, or the struck agent, keeps in quarantine. It must not run. */
  async countQuarantined(whose: 'hub' | 'struck'): Promise<number> {
    const kv = await openLevelKv(join(this.homes.root, whose, 'store'));
    const range = { ...prefixRange('q/'), countMax: 100_000, order: 'ascending' } as const;
    const rows = await kv.range(range);
    await kv.close();
    return rows.length;
  }

  async close(): Promise<void> {
    this.voice.close();
    await this.hub.close();
    for (const box of this.agents.values()) await box.close();
    await this.homes.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly #names = new Map<string, string>();

  async #addAgent(home: string, bend: Readonly<Record<string, string>>): Promise<void> {
    const path = this.#makeHome(home);
    const env = { HOME: this.homes.folder('home'), ODALLY_HOME: path };
    await using joining = startVerb({
      program: 'odally',
      args: ['join', await this.invite()],
      env,
    });
    await joining.until(/serves hub/);
    if (!existsSync(join(path, 'pairing.json'))) throw new Error(`${home} is not paired`);
    const name = /(\S+) serves hub/.exec(joining.stderr + joining.stdout)?.[1] ?? '';
    await joining.close();
    const box = this.#makeBox(home, bend);
    this.agents.set(home, box);
    this.#names.set(home, name);
    await box.start();
    await this.untilLinked(name);
  }

  #makeBox(name: string, bend: Readonly<Record<string, string>>): Box {
    const isHub = name === 'hub';
    const home = join(this.homes.root, name);
    return new Box({
      name,
      program: isHub ? 'wally' : 'odally',
      args: isHub ? [] : ['run'],
      ...(name === 'sound' ? {} : { script: locate(isHub ? 'hub.ts' : 'agent.ts') }),
      env: {
        HOME: this.homes.folder('home'),
        [isHub ? 'WALLY_HOME' : 'ODALLY_HOME']: home,
        ...bend,
      },
      logFile: `${home}.log`,
    });
  }

  /** Resolves once the hub has a link to this worker. Errors: throws after a minute. */
  async untilLinked(name: string): Promise<void> {
    const giveUpAt = performance.now() + linkedMsMax;
    for (;;) {
      const team = await this.voice.ask<readonly TeamRow[]>('team');
      if (team.some((row) => row.name === name && row.link === 'direct')) return;
      if (performance.now() > giveUpAt) throw new Error(`${name} is not linked`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  #makeHome(name: string): string {
    const home = join(this.homes.root, name);
    mkdirSync(home, { recursive: true, mode: 0o700 });
    return home;
  }
}

function locate(script: string): string {
  return fileURLToPath(new URL(script, import.meta.url));
}
