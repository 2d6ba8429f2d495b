/*
 * What the M2 does in a run: dispatch, cancel, retry, rename, revoke.
 *
 * Wishes are drawn before the run; whom and what they are about is drawn when they are made, from
 * what is there. They go through the hub's desk as the verbs do. Some are made twice at once.
 */
import type { Hub } from '../../cockpit/hub/hub.ts';
import type { CommandSpec, JobId } from '../../protocol/model.ts';
import type { Chance } from './chance.ts';
import type { Ground } from './ground.ts';
import type { HubBox } from './hub-box.ts';

/** One thing that the M2 wants. */
export type Wish = 'single' | 'group' | 'cancel' | 'cancel-new' | 'retry' | 'rename' | 'revoke';

/** A wish and when it is made, milliseconds of the run. */
export interface PlannedWish {
  readonly at: number;
  readonly wish: Wish;
}

/** Longest time that a job is kept without a word, when it is to be lost only by a fault. */
const dayMs = 24 * 60 * 60 * 1000;

/** Draws what is wanted in a run of `lengthMs`. */
export function drawWishes(chance: Chance, lengthMs: number): readonly PlannedWish[] {
  const wishes: PlannedWish[] = [];
  const add = (wish: Wish, count: number) => {
    for (let n = 0; n < count; n += 1) wishes.push({ at: chance.between(100, lengthMs), wish });
  };
  add('single', chance.int(2, 14));
  if (chance.happens(0.4)) add('group', chance.int(1, 3));
  if (chance.happens(0.6)) add('cancel', chance.int(1, 6));
  if (chance.happens(0.4)) add('cancel-new', chance.int(1, 5));
  if (chance.happens(0.5)) add('retry', chance.int(1, 6));
  if (chance.happens(0.3)) add('rename', 1);
  if (chance.happens(0.1)) add('revoke', 1);
  return wishes;
}

/** Makes wishes of one hub. */
export class Workload {
  readonly #ground: Ground;
  readonly #hub: HubBox;
  readonly #chance: Chance;
  #count = 0;

  constructor(ground: Ground, hub: HubBox) {
    this.#ground = ground;
    this.#hub = hub;
    this.#chance = ground.chance.fork();
  }

  make(wish: Wish): void {
    switch (wish) {
      case 'single':
      case 'group':
        return this.#hub.use(wish, async (hub) => void (await this.#dispatch(hub, wish)));
      case 'cancel':
        return this.#withJob((id) => this.#cancel(id));
      case 'cancel-new':
        return this.#hub.use('dispatch and cancel', async (hub) => {
          const id = await this.#dispatch(hub, 'single');
          if (id === undefined) return;
          const { clock } = this.#ground;
          clock.after(this.#chance.between(0, 30), () => this.#cancel(id));
        });
      case 'retry':
        return this.#withJob((id) => this.#retry(id));
      case 'rename':
        return this.#hub.use('rename', (hub) => this.#rename(hub));
      case 'revoke':
        return this.#hub.use('revoke', (hub) => this.#revoke(hub));
    }
  }

  async #dispatch(hub: Hub, shape: 'single' | 'group'): Promise<JobId | undefined> {
    const chance = this.#chance;
    const trusted = hub.workers.list().filter((worker) => worker.revokedAt === null);
    if (trusted.length === 0) return undefined;
    this.#count += 1;
    const workers = shape === 'group' ? trusted : [chance.pick(trusted)];
    const job = await hub.desk.dispatch({
      title: `wish ${this.#count}`,
      spec: this.#drawSpec(),
      need: [],
      on: null,
      workers: workers.map(({ key }) => key),
      shape,
    });
    const { history, trace } = this.#ground;
    trace.note(`${job.id} is accepted`);
    history.accepted.add(job.id);
    history.count('jobs accepted');
    if (job.kind === 'group') for (const id of job.children) history.accepted.add(id);
    return job.id;
  }

  #drawSpec(): CommandSpec {
    const chance = this.#chance;
    return {
      command: ['true'],
      env: {},
      isIdempotent: chance.happens(0.3),
      lostAfterMs: chance.happens(0.25) ? chance.int(5000, 20_000) : dayMs,
      ...(chance.happens(0.25) ? { deadlineMs: chance.int(500, 30_000) } : {}),
      ...(chance.happens(0.25) ? { stopAfterMs: chance.int(3000, 25_000) } : {}),
    };
  }

  #withJob(act: (id: JobId) => void): void {
    const ids = [...this.#ground.history.accepted];
    if (ids.length === 0) return;
    const id = this.#chance.pick(ids);
    act(id);
    if (this.#chance.happens(0.3)) act(id);
  }

  #cancel(id: JobId): void {
    this.#hub.use(`cancel ${id}`, async (hub) => {
      const job = await hub.desk.get(id);
      this.#ground.history.cancels.add(id);
      if (job.kind === 'group')
        for (const part of job.children) this.#ground.history.cancels.add(part);
      await hub.desk.cancel(job);
    });
  }

  #retry(id: JobId): void {
    this.#hub.use(`retry ${id}`, async (hub) => {
      const job = await hub.desk.get(id);
      const trusted = hub.workers.list().filter((worker) => worker.revokedAt === null);
      if (trusted.length === 0) return;
      await hub.desk.retry(job, this.#chance.pick(trusted).key);
      this.#ground.history.count('retries');
    });
  }

  async #rename(hub: Hub): Promise<void> {
    const workers = hub.workers.list();
    if (workers.length === 0) return;
    const worker = this.#chance.pick(workers);
    await hub.workers.save({ ...worker, name: `${worker.name}-b` }, 'worker-renamed', []);
  }

  async #revoke(hub: Hub): Promise<void> {
    const trusted = hub.workers.list().filter((worker) => worker.revokedAt === null);
    if (trusted.length < 2) return;
    const worker = this.#chance.pick(trusted);
    this.#ground.history.revokes.add(worker.key);
    this.#ground.history.count('revokes');
    await hub.revoke(worker);
  }
}
