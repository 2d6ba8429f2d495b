/*
 * Whoever works against a field: which fault comes next, to whom, and for how long, from a seed.
 *
 * Faults are spread over the run by its progress and not by time, so that all of them happen however
 * slow the machine is. One that lasts (a pause, a cut, a full disk, a stepped clock) ends by itself
 * while others begin. Invariant: after `rest` everything runs, is connected and has room.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chance } from '../../sim/chance.ts';
import type { AgentPost, Field, Post } from '../field/field.ts';
import type { LinkShape } from '../link/message.ts';

/** The kinds of faults. */
export type FaultKind =
  | 'kill hub'
  | 'kill agent'
  | 'pause hub'
  | 'pause agent'
  | 'cut one way'
  | 'cut both ways'
  | 'fill a disk'
  | 'step a clock';

/** How many of each. */
export type FaultCounts = Readonly<Partial<Record<FaultKind, number>>>;

/** What a nemesis is made from. */
export interface NemesisPlan {
  readonly field: Field;
  readonly chance: Chance;
  readonly counts: FaultCounts;
  /** What links are like while they are not cut. */
  readonly link: LinkShape;
  /** Longest pause of a process, seconds; more than a lease. */
  readonly pauseSecondsMax: number;
  readonly report: (line: string) => void;
}

/** For so long a process may still go by the clock that it had. */
const clockCacheMs = 2000;

/** A killed process stays away for up to so long. */
const awayMsMax = 600;

/** Its faults, one `next` after the other; then `rest`. */
export class Nemesis {
  readonly #plan: NemesisPlan;
  readonly #waiting: FaultKind[];
  readonly #lasting = new Set<Promise<void>>();
  readonly #busy = new Set<Post>();
  readonly done = new Map<FaultKind, number>();
  /** Faults that found nobody to strike. */
  readonly leftOut = new Map<FaultKind, string>();

  constructor(plan: NemesisPlan) {
    this.#plan = plan;
    const all = Object.entries(plan.counts) as [FaultKind, number][];
    this.#waiting = shuffle(
      all.flatMap(([kind, count]) => Array.from({ length: count }, () => kind)),
      plan.chance,
    );
  }

  get leftCount(): number {
    return this.#waiting.length;
  }

  /** The next fault. Kills resolve when the process serves again, lasting ones when they have begun. */
  async next(): Promise<void> {
    const kind = this.#waiting.shift();
    if (kind === undefined) return;
    const isDone = await this.#strike(kind);
    if (isDone) this.done.set(kind, (this.done.get(kind) ?? 0) + 1);
    else this.leftOut.set(kind, 'nobody to strike');
  }

  /** Waits until all that lasts is over, clocks are true and everything runs. */
  async rest(): Promise<void> {
    await Promise.all(this.#lasting);
    await this.#setClocksRight();
    for (const { box } of this.#plan.field.posts) await box.untilUp();
    await this.#plan.field.shapeLinks(this.#plan.link);
  }

  /** Clocks are compared when a link opens, so that the links are opened anew. */
  async #setClocksRight(): Promise<void> {
    const { field } = this.#plan;
    if (!this.done.has('step a clock')) return;
    for (const { clock } of field.posts) clock?.set(0);
    await sleep(clockCacheMs);
    await this.#kill(field.hub);
  }

  #strike(kind: FaultKind): Promise<boolean> {
    const { field } = this.#plan;
    switch (kind) {
      case 'kill hub':
        return this.#kill(field.hub);
      case 'kill agent':
        return this.#kill(this.#pickAgent());
      case 'pause hub':
        return this.#pause(field.hub);
      case 'pause agent':
        return this.#pause(this.#pickAgent());
      case 'cut one way':
      case 'cut both ways':
        return this.#cut(kind);
      case 'fill a disk':
        return this.#fill();
      case 'step a clock':
        return this.#step();
    }
  }

  async #kill(post: Post | undefined): Promise<boolean> {
    const { field, chance } = this.#plan;
    if (post === undefined) return false;
    await post.box.kill();
    await sleep(chance.between(0, awayMsMax));
    // With its disk full it may not come up yet; its supervisor goes on trying.
    await post.box.start().catch(() => undefined);
    if (post === field.hub) this.#keep(this.#aimAgain());
    return true;
  }

  async #pause(post: Post | undefined): Promise<boolean> {
    if (post === undefined || this.#busy.has(post)) return false;
    const { chance, pauseSecondsMax } = this.#plan;
    const seconds = chance.between(pauseSecondsMax / 3, pauseSecondsMax);
    this.#last(post, seconds, {
      begin: () => post.box.pause(),
      end: () => post.box.resume(),
    });
    return true;
  }

  async #cut(kind: 'cut one way' | 'cut both ways'): Promise<boolean> {
    const { field, chance, link } = this.#plan;
    const agent = this.#pickAgent();
    if (agent === undefined) return false;
    const cutWay = chance.pick(['up', 'down'] as const);
    const isCut = (way: 'up' | 'down') => kind === 'cut both ways' || way === cutWay;
    const cut = {
      up: { ...link.up, isCut: isCut('up') },
      down: { ...link.down, isCut: isCut('down') },
    };
    const ending = sleep(chance.between(500, 9000)).then(() => field.relay.shape(agent.link, link));
    this.#keep(ending);
    await field.relay.shape(agent.link, cut);
    return true;
  }

  async #fill(): Promise<boolean> {
    const { field, chance, report } = this.#plan;
    const post = chance.pick(field.posts);
    const { disk } = post;
    if (disk === undefined || this.#busy.has(post)) return false;
    this.#last(post, chance.between(3, 8), {
      begin: () => report(`disk of ${post.name} full with ${disk.fill() >> 20} MiB`),
      end: () => disk.free(),
    });
    return true;
  }

  async #step(): Promise<boolean> {
    const { field, chance } = this.#plan;
    const post = chance.pick(field.posts);
    if (post.clock === undefined) return false;
    post.clock.set(chance.int(-3 * 86_400, 3 * 86_400));
    return true;
  }

  /** A hub that was started takes the port that it had, unless that is not free yet. */
  async #aimAgain(): Promise<void> {
    const { field } = this.#plan;
    await field.hub.box.untilUp();
    await field.relay.aim(await field.findHubPort());
  }

  #last(post: Post, seconds: number, fault: { begin: () => void; end: () => void }): void {
    this.#busy.add(post);
    fault.begin();
    const ending = sleep(seconds * 1000).then(() => {
      fault.end();
      this.#busy.delete(post);
    });
    this.#keep(ending);
  }

  #keep(ending: Promise<void>): void {
    this.#lasting.add(ending);
    void ending.finally(() => this.#lasting.delete(ending));
  }

  #pickAgent(): AgentPost | undefined {
    const { field, chance } = this.#plan;
    return field.agents.length === 0 ? undefined : chance.pick(field.agents);
  }
}

function shuffle<Item>(items: readonly Item[], chance: Chance): Item[] {
  const mixed = [...items];
  for (let at = mixed.length - 1; at > 0; at -= 1) {
    const other = chance.int(0, at);
    [mixed[at], mixed[other]] = [mixed[other] as Item, mixed[at] as Item];
  }
  return mixed;
}
