/*
 * A hub and its agents as real processes, with a relay between them: where the checks happen.
 *
 * Every agent dials through a link of its own of the relay, because its pairing names nothing else.
 * What a field needs and the machine does not allow (a small disk, a stepped clock) is in `missing`.
 * Life cycle: `openField`, then `close`, which ends every process and removes every file.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { InviteShape, StatusShape, TeamRow } from '../../../cockpit/verbs/shapes.ts';
import { type Homes, openHomes } from '../../kit/homes.ts';
import { startVerb } from '../../kit/processes.ts';
import type { LinkShape } from '../link/message.ts';
import { openRelay, type Relay } from '../link/relay.ts';
import { Box } from './box.ts';
import { openClock, planRate, type SteppedClock } from './clock.ts';
import { mountDisk, type SmallDisk } from './small-disk.ts';
import { Voice } from './voice.ts';

/** What to build. */
export interface FieldPlan {
  readonly agentCount: number;
  readonly seed: number;
  readonly slots?: number;
  /** Lines of the two configs. */
  readonly hubConfig?: string;
  readonly agentConfig?: string;
  /** Bytes of a disk of its own for each home. */
  readonly diskBytes?: number;
  /** May wall clocks be stepped? */
  readonly hasClocks?: boolean;
  /** How fast the clocks of each agent run, the monotonic one too; 1 where absent. */
  readonly rates?: readonly number[];
}

/** A process with what can be done to it. */
export interface Post {
  /** As the hub calls it; the hub itself is `hub`. */
  readonly name: string;
  readonly home: string;
  readonly box: Box;
  readonly disk: SmallDisk | undefined;
  readonly clock: SteppedClock | undefined;
}

/** An agent, which has a link besides. */
export interface AgentPost extends Post {
  readonly link: string;
}

const settleMsMax = 60_000;

/** Opens a field whose links are still clean. */
export async function openField(plan: FieldPlan): Promise<Field> {
  const field = new Field(plan);
  try {
    await field.open();
    return field;
  } catch (thrown) {
    await field.close();
    throw thrown;
  }
}

/** All of it. */
export class Field implements AsyncDisposable {
  readonly homes: Homes = openHomes();
  readonly relay: Relay;
  /** Why something that was asked for is not there. */
  readonly missing = new Set<string>();
  hub!: Post;
  voice!: Voice;
  readonly agents: AgentPost[] = [];
  readonly #plan: FieldPlan;
  readonly #closing: (() => void)[] = [];

  constructor(plan: FieldPlan) {
    this.#plan = plan;
    this.relay = openRelay(plan.seed);
  }

  /** Hub and agents. */
  get posts(): readonly Post[] {
    return [this.hub, ...this.agents];
  }

  /** A fresh folder outside all homes. */
  folder(name: string): string {
    return this.homes.folder(name);
  }

  async open(): Promise<void> {
    const home = this.#makeHome('hub', this.#plan.hubConfig);
    this.hub = this.#makePost('hub', home, 'wally');
    this.voice = new Voice(join(home, 'hub.sock'));
    await this.hub.box.start();
    for (let n = 1; n <= this.#plan.agentCount; n += 1) await this.addAgent(`a${n}`);
  }

  /** One more agent, paired, running and seen. */
  async addAgent(link: string): Promise<AgentPost> {
    const port = await this.relay.openLink(link, await this.findHubPort());
    // Pinned, for the hub says itself where it is, and an agent would pass the line by.
    const pin = `hub_addresses = ["127.0.0.1:${port}"]\n`;
    const config = `${pin}slots = ${this.#plan.slots ?? 4}\n${this.#plan.agentConfig ?? ''}`;
    const home = this.#makeHome(link, config);
    const { code } = await this.voice.ask<InviteShape>('invite');
    const name = await this.#pair(home, code);
    const post = { ...this.#makePost(name, home, 'odally'), link };
    this.agents.push(post);
    await post.box.start();
    await this.untilLinked([name]);
    return post;
  }

  /** Both directions of every link get this shape. */
  async shapeLinks(shape: LinkShape): Promise<void> {
    for (const { link } of this.agents) await this.relay.shape(link, shape);
  }

  /** Starts the hub and tells the relay where it is. */
  async startHub(): Promise<void> {
    await this.hub.box.start();
    await this.relay.aim(await this.findHubPort());
  }

  async findHubPort(): Promise<number> {
    const { hub } = await this.voice.ask<StatusShape>('status');
    return Number(hub.address.split(':')[1]);
  }

  /** Resolves once the hub has links to these workers, or to all. Errors: throws after a minute. */
  async untilLinked(names = this.agents.map(({ name }) => name)): Promise<void> {
    const giveUpAt = performance.now() + settleMsMax;
    for (;;) {
      const team = await this.voice.ask<readonly TeamRow[]>('team');
      const linked = team.filter(({ link }) => link === 'direct').map(({ name }) => name);
      if (names.every((name) => linked.includes(name))) return;
      if (performance.now() > giveUpAt) throw new Error(`linked are only ${linked.join(', ')}`);
      await sleep(50);
    }
  }

  async close(): Promise<void> {
    this.voice?.close();
    for (const { box } of this.posts.filter(Boolean)) await box.close();
    await this.relay.close();
    for (const close of this.#closing.splice(0)) close();
    await this.homes.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #makeHome(name: string, config = ''): string {
    const home = join(this.homes.root, name);
    mkdirSync(home, { recursive: true, mode: 0o700 });
    const { diskBytes } = this.#plan;
    if (diskBytes !== undefined) {
      const disk = mountDisk(home, diskBytes);
      if (typeof disk === 'string') this.missing.add(`disks are not filled: ${disk}`);
      else {
        this.#disks.set(home, disk);
        this.#closing.push(() => disk.close());
      }
    }
    writeFileSync(join(home, 'config.toml'), config);
    return home;
  }

  readonly #disks = new Map<string, SmallDisk>();

  #makePost(name: string, home: string, program: 'wally' | 'odally'): Post {
    const clock = this.#plan.hasClocks === true ? openClock(`${home}.clock`) : undefined;
    if (typeof clock === 'string') this.missing.add(`clocks are not stepped: ${clock}`);
    const stepped = typeof clock === 'object' ? clock : undefined;
    const rated = program === 'odally' ? this.#planRate() : {};
    const variable = program === 'wally' ? 'WALLY_HOME' : 'ODALLY_HOME';
    const box = new Box({
      name,
      program,
      args: program === 'wally' ? ['up', '--foreground'] : ['run'],
      env: { HOME: this.homes.folder('home'), [variable]: home, ...stepped?.env, ...rated },
      // Outside the home: a full disk must not silence it.
      logFile: `${home}.log`,
    });
    return { name, home, box, clock: stepped, disk: this.#disks.get(home) };
  }

  /** The clock of the agent that is made next. */
  #planRate(): Readonly<Record<string, string>> {
    const rate = this.#plan.rates?.[this.agents.length] ?? 1;
    const rated = rate === 1 ? {} : planRate(rate);
    if (typeof rated === 'object') return rated;
    this.missing.add(`clocks all run at one rate: ${rated}`);
    return {};
  }

  /** Pairs the home; resolves with the worker's name. */
  async #pair(home: string, code: string): Promise<string> {
    const env = { HOME: this.homes.folder('home'), ODALLY_HOME: home };
    await using joining = startVerb({ program: 'odally', args: ['join', code], env });
    const file = join(home, 'pairing.json');
    await joining.until(/serves hub/);
    if (!existsSync(file)) throw new Error('an agent that serves is paired');
    await joining.close();
    const pairing = JSON.parse(readFileSync(file, 'utf8')) as { name: string };
    return pairing.name;
  }
}
