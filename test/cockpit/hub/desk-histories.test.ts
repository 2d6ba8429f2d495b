/*
 * Histories of the hub's desks from a seed: people, workers that come and go, losses and kills, several at once.
 *
 * After each step what is in memory says the same twice, and in the end every job has ended. It is told as a seed and
 * what was done; the same seed does it again.
 */
import { expect, test, vi } from 'vitest';
import {
  type AttemptRecord,
  type CommandJob,
  findEnd,
  isEnded,
  isReplaced,
} from '../../../cockpit/manager/job.ts';
import { AppError } from '../../../protocol/errors.ts';
import type { AttemptId, CommandSpec, JobId, PeerKey } from '../../../protocol/model.ts';
import { type Chance, createChance } from '../../sim/chance.ts';
import { type HubBench, makeJob, openHubBench, spec } from './hub-bench.ts';
import { ModelWorker } from './model-worker.ts';

const givenMax = 3;

vi.mock('../../../cockpit/hub/limits.ts', async (original) => ({
  ...(await original<object>()),
  attemptsGivenMax: 3,
}));

const leased = { isIdempotent: true, mayReplace: true, stopAfterMs: 20_000, lostAfterMs: 60_000 };
const specs: readonly CommandSpec[] = [spec, { ...spec, ...leased }].flatMap((base) => [
  base,
  { ...base, reconcile: 'keep-original' },
  { ...base, reconcile: 'first-finished' },
]);

class History {
  bench!: HubBench;
  readonly #chance: Chance;
  readonly #workers: readonly ModelWorker[];
  readonly #jobs: JobId[] = [];
  readonly did: string[] = [];

  constructor(seed: number) {
    this.#chance = createChance(seed);
    const begun = new Set<AttemptId>();
    this.#workers = ['a1', 'b0', 'c3'].map(
      (name) => new ModelWorker(name.repeat(32), this.#chance.fork(), begun),
    );
  }

  async run(stepCount: number): Promise<void> {
    this.bench = await openHubBench();
    for (const worker of this.#workers) await worker.pair(this.bench);
    for (let step = 0; step < stepCount; step += 1) {
      this.#link(0.6);
      const atOnce = this.#chance.happens(0.3) ? this.#chance.int(2, 4) : 1;
      // A kill, and what changes whom a worker speaks for, comes alone.
      const acts = atOnce > 1 ? together : [...together, ...alone];
      await Promise.all(Array.from({ length: atOnce }, () => this.#act(this.#chance.pick(acts))));
      await this.check();
    }
  }

  /** Everybody is there, and all that was begun comes to an end. */
  async settle(): Promise<void> {
    for (let round = 0; round < 100 && this.bench.state.active.size > 0; round += 1) {
      this.#link(1);
      for (const worker of this.#workers) {
        if (!worker.isPaired) await worker.pair(this.bench);
        await worker.greet(this.bench);
        await worker.read(this.bench, 100);
        for (let turn = 0; turn < 20; turn += 1) worker.work();
        await worker.report(this.bench, 1000);
      }
      await this.check();
    }
    expect([...this.bench.state.active.keys()], this.did.join('\n')).toEqual([]);
  }

  async check(): Promise<void> {
    const { state, desk, inbox } = this.bench;
    const wrong: string[] = [];
    const [held, parked] = [new Map<PeerKey, Set<JobId>>(), new Map<PeerKey, Set<JobId>>()];
    for (const job of state.active.values()) {
      if (isEnded(job)) wrong.push(`${job.id} has ended and is held`);
      if (job.kind !== 'command') continue;
      if (job.parent !== null && !state.active.has(job.parent)) wrong.push(`${job.id} is alone`);
      for (const { worker, isParked } of listOpen(job)) {
        addTo(held, worker, job.id);
        if (isParked === true) addTo(parked, worker, job.id);
      }
    }
    for (const { key } of this.#workers) {
      const line = parked.get(key)?.size ?? 0;
      const hasRoom = (held.get(key)?.size ?? 0) - line < givenMax;
      if (line > 0 && hasRoom && state.streams.has(key)) wrong.push(`${key} has room and a line`);
      if (!isSame(held.get(key), state.heldBy.get(key)?.keys())) wrong.push(`${key} holds others`);
      if (!isSame(parked.get(key), state.parked.get(key))) wrong.push(`${key} has another line`);
    }
    for (const decision of inbox.list()) {
      const job = 'job' in decision ? await desk.find(decision.job) : undefined;
      if (job === undefined || !isEnded(job)) wrong.push(`${decision.id} is about nothing`);
    }
    expect(wrong, this.did.join('\n')).toEqual([]);
  }

  /** None has ended as what the hub ended itself. */
  async checkEnds(): Promise<void> {
    const jobs = await Promise.all(this.#jobs.map((id) => this.bench.desk.get(id)));
    expect(jobs.flatMap(judgeEnd), this.did.join('\n')).toEqual([]);
  }

  #link(probability: number): void {
    const { present, linked } = this.bench;
    present.clear();
    linked.clear();
    for (const { key, isMet } of this.#workers) {
      if (isMet && this.#chance.happens(probability))
        for (const set of [present, linked]) set.add(key);
    }
  }

  async #act(act: Act): Promise<void> {
    const worker = this.#chance.pick(this.#workers);
    const id = this.#jobs.length === 0 ? undefined : this.#chance.pick(this.#jobs);
    this.did.push(`${act} ${worker.key.slice(0, 2)} ${id ?? ''}`);
    try {
      await this.#perform(act, worker, id);
    } catch (thrown) {
      // Refused: what it is about has ended, or has not, or is in other hands.
      if (!(thrown instanceof AppError)) throw thrown;
      this.did.push(`${act}: ${thrown.code}`);
    }
  }

  async #perform(act: Act, worker: ModelWorker, id: JobId | undefined): Promise<void> {
    const { bench } = this;
    const { desk } = bench;
    const count = this.#chance.int(1, 4);
    if (act === 'dispatch') return this.#dispatch(worker);
    if (act === 'greet') return worker.greet(bench);
    if (act === 'read') return worker.read(bench, count);
    if (act === 'work') return worker.work();
    if (act === 'report') return worker.report(bench, count);
    if (act === 'revoke') return worker.revoke(bench);
    if (act === 'pair') return worker.isPaired ? undefined : worker.pair(bench);
    if (act === 'lose-store') return worker.loseStore();
    if (act === 'kill') {
      this.bench = await bench.restart();
      return;
    }
    if (id === undefined) return;
    if (act === 'lose') return this.#lose(id);
    if (act === 'cancel') await desk.cancel(await desk.get(id));
    if (act === 'retry' && worker.isPaired) await desk.retry(await desk.get(id), worker.key);
    if (act === 'expire') await desk.expire(id);
  }

  async #dispatch({ key, isPaired }: ModelWorker): Promise<void> {
    const all = this.#workers.filter((each) => each.isPaired).map((each) => each.key);
    const isGroup = this.#chance.happens(0.25) && all.length > 0;
    if (!isGroup && !isPaired) return;
    const shape = isGroup ? 'group' : 'single';
    const wanted = { spec: this.#chance.pick(specs), shape } as const;
    const job = await this.bench.desk.dispatch(makeJob(isGroup ? all : [key], wanted));
    this.#jobs.push(job.id, ...(job.kind === 'group' ? job.children : []));
  }

  /** As the loop over silence would: not what was given up already. */
  async #lose(id: JobId): Promise<void> {
    const job = this.bench.state.active.get(id);
    const open = job?.kind === 'command' ? listOpen(job) : [];
    const heard = open.filter(({ state }) => !isReplaced(state));
    if (heard.length === 0) return;
    const { n } = this.#chance.pick(heard);
    const cause = this.#chance.happens(0.8) ? 'silence' : 'overdue';
    await this.bench.desk.declareLost({ id, n }, { reason: 'Silence.', cause });
  }
}

const together = [
  ...['dispatch', 'dispatch', 'greet', 'read', 'read', 'work', 'work'],
  ...['report', 'report', 'lose', 'cancel', 'retry', 'retry'],
] as const;
const alone = ['expire', 'revoke', 'pair', 'lose-store', 'kill'] as const;
type Act = (typeof together)[number] | (typeof alone)[number];

function listOpen(job: CommandJob): readonly AttemptRecord[] {
  return job.attempts.filter(({ state }) => state.is !== 'finished');
}

/** Nobody asked for the end of an attempt that the hub ended for another: it is not how a job ends. */
function judgeEnd(job: Awaited<ReturnType<HubBench['desk']['get']>>): readonly string[] {
  const reason = job.kind === 'command' ? (findEnd(job)?.reason ?? '') : '';
  return /came back and is kept|ended first/.test(reason) ? [`${job.id} ended: ${reason}`] : [];
}

function addTo(map: Map<PeerKey, Set<JobId>>, key: PeerKey, id: JobId): void {
  map.set(key, (map.get(key) ?? new Set()).add(id));
}

function isSame(a: Iterable<JobId> = [], b: Iterable<JobId> = []): boolean {
  return [...a].sort().join() === [...b].sort().join();
}

test.each([1, 101, 201])(
  'desk histories: each of twenty from seed %i on ends well',
  async (first) => {
    for (let seed = first; seed < first + 20; seed += 1) {
      const history = new History(seed);
      history.did.push(`seed ${seed}`);
      await history.run(120);
      await history.checkEnds();
      await history.settle();
      history.bench = await history.bench.restart();
      expect(history.bench.state.active.size).toBe(0);
      await history.checkEnds();
    }
  },
);

test('desk histories: workers have lines, so that what waits in them is looked at', async () => {
  const history = new History(3);
  let longest = 0;
  const check = history.check.bind(history);
  history.check = () => {
    for (const line of history.bench.state.parked.values()) longest = Math.max(longest, line.size);
    return check();
  };
  await history.run(120);
  expect(longest).toBeGreaterThan(2);
});
