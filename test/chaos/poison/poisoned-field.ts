/*
 * A hub whose handlers can be made to fail, one agent like it, and one that is sound: real processes.
 *
 * Each is started again when it ends, as an init system would, and its ends are counted.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { InviteShape, TeamRow } from '../../../cockpit/verbs/shapes.ts';
import { prefixRange } from '../../../store/keys.ts';
import { openLevelKv } from '../../../store/open.ts';
import { type Homes, openHomes } from '../../kit/homes.ts';
import { startVerb } from '../../kit/processes.ts';
import { Box } from '../field/box.ts';
import { Voice } from '../field/voice.ts';

/** At which attempts the handlers of each fail: `throw:J1.1,kill:J2.1`. */
export interface PoisonPlan {
  readonly hub: string;
  readonly agent: string;
}

const linkedMsMax = 60_000;

/** Starts all of it. */
export async function openPoisonedField(plan: PoisonPlan): Promise<PoisonedField> {
  const field = new PoisonedField(plan);
  try {
    await field.open();
    return field;
  } catch (thrown) {
    await field.close();
    throw thrown;
  }
}

/** Life cycle: `openPoisonedField`, then `close`, which ends every process and removes every file. */
export class PoisonedField implements AsyncDisposable {
  readonly homes: Homes = openHomes();
  readonly hub: Box;
  readonly voice: Voice;
  readonly agents = new Map<string, Box>();
  readonly #plan: PoisonPlan;

  constructor(plan: PoisonPlan) {
    this.#plan = plan;
    const home = this.#makeHome('hub');
    const env = { HOME: this.homes.folder('home'), WALLY_HOME: home, WALLY_POISON: plan.hub };
    const ground = { name: 'hub', program: 'wally', args: [], env } as const;
    this.hub = new Box({ ...ground, script: locate('hub.ts'), logFile: `${home}.log` });
    this.voice = new Voice(join(home, 'hub.sock'));
  }

  async open(): Promise<void> {
    await this.hub.start();
    await this.#addAgent('struck', { script: locate('agent.ts'), poison: this.#plan.agent });
    await this.#addAgent('sound', {});
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

  async #addAgent(
    home: string,
    { script, poison = '' }: { readonly script?: string; readonly poison?: string },
  ): Promise<void> {
    const path = this.#makeHome(home);
    const env = { HOME: this.homes.folder('home'), ODALLY_HOME: path, WALLY_POISON: poison };
    await using joining = startVerb({
      program: 'odally',
      args: ['join', await this.invite()],
      env,
    });
    await joining.until(/serves hub/);
    if (!existsSync(join(path, 'pairing.json'))) throw new Error(`${home} is not paired`);
    const name = /(\S+) serves hub/.exec(joining.stderr + joining.stdout)?.[1] ?? '';
    await joining.close();
    const ground = { name: home, program: 'odally', args: ['run'], env } as const;
    const box = new Box({
      ...ground,
      ...(script === undefined ? {} : { script }),
      logFile: `${path}.log`,
    });
    this.agents.set(home, box);
    this.#names.set(home, name);
    await box.start();
    await this.#untilLinked(name);
  }

  async #untilLinked(name: string): Promise<void> {
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
