/*
 * The M2 at work: client programs that ask the hub for verbs, as the CLI and the screen do.
 *
 * Every wish has a client of its own, which some are killed with calls open. What a client was told
 * goes into the history as a promise that was made. Refusals with a code are part of life; anything
 * else that a verb answers is a violation.
 */
import type { InboxRow, JobDetail, TeamRow } from '../../cockpit/verbs/shapes.ts';
import { AppError } from '../../protocol/errors.ts';
import type { JobId } from '../../protocol/model.ts';
import type { Chance } from './chance.ts';
import { Client } from './client.ts';
import { followLog, watchHub } from './followers.ts';
import type { Ground } from './ground.ts';
import type { HubBox } from './hub-box.ts';
import type { PlannedWish, Wish } from './wishes.ts';

/** Codes with which a verb may well be refused. */
const refusals = new Set<string>([
  'JOB_FINISHED',
  'JOB_UNFINISHED',
  'JOB_GROUP',
  'JOB_UNKNOWN',
  'QUEUE_FULL',
  'WORKER_REVOKED',
  'WORKER_NONE',
  'WORKER_NO_MATCH',
  'WORKER_UNKNOWN',
  'WORKER_NAME_TAKEN',
  'WAIT_TIMEOUT',
  'STORE_FULL',
  'STORE_REOPENING',
  'DISK_LOW',
  'DISK_FULL',
  'HUB_UNREACHABLE',
  'DECISION_UNKNOWN',
  'DECISION_CLOSED',
]);

/** Jobs of a burst: more than a window, so that the rest must wait on the disk. */
const burstJobs = { min: 260, max: 400 } as const;

interface Deed {
  readonly client: Client;
  readonly chance: Chance;
}

/** Makes wishes of one hub. */
export class Workload {
  readonly #ground: Ground;
  readonly #hub: HubBox;
  readonly #watchers = new Set<Client>();
  #clientCount = 0;

  constructor(ground: Ground, hub: HubBox) {
    this.#ground = ground;
    this.#hub = hub;
  }

  make({ id, wish, chance }: PlannedWish): void {
    this.#ground.trace.note(`M2 wants ${id}: ${wish}`);
    const client = this.#begin(`${id} ${wish}`, async (made) => this.#perform(wish, made), chance);
    // A screen is closed at any time, a verb interrupted now and then.
    if (!chance.happens(wish === 'watch' ? 0.5 : 0.12)) return;
    this.#ground.clock.after(chance.between(0, chance.pick([20, 4000, 30_000])), () => {
      if (client.owner.isDead) return;
      this.#ground.history.count('clients killed');
      this.#ground.trace.note(`${client.owner.name} is killed`);
      client.die();
    });
  }

  /** Makes an invite and gives its code; nothing where there is no hub to make it. */
  invite(take: (code: string) => void): void {
    const chance = this.#ground.chance.fork();
    this.#begin(
      'invite',
      async ({ client }) => {
        const { code } = (await client.ask('invite', { ttl: '1h' })) as { readonly code: string };
        take(code);
      },
      chance,
    );
  }

  #begin(what: string, act: (deed: Deed) => Promise<void>, chance: Chance): Client {
    const { trace, history } = this.#ground;
    this.#clientCount += 1;
    const client = new Client(this.#ground, `M2#${this.#clientCount}`, chance);
    const life = this.#hub.life;
    const run = async () => {
      await client.open();
      await act({ client, chance });
    };
    run()
      .catch((error: unknown) => {
        const code = error instanceof AppError ? error.code : String(error);
        trace.note(`M2: ${what}: ${code}`);
        const isRefusal = error instanceof AppError && refusals.has(error.code);
        // A hub whose store failed, or that is ending, says so to those who still ask.
        const isDying = code === 'STORE_IO' && this.#hub.mayFail(life);
        if (isRefusal || isDying) return;
        const stack = error instanceof Error ? error.stack : code;
        history.violate({ check: 'verbs are answered', message: `${what}: ${stack}` });
      })
      .finally(() => client.close());
    return client;
  }

  async #perform(wish: Wish, deed: Deed): Promise<void> {
    switch (wish) {
      case 'single':
        return void (await this.#dispatch(deed, { wait: deed.chance.happens(0.2) }));
      case 'group':
        return this.#dispatchGroup(deed);
      case 'burst':
        return this.#dispatchMany(deed);
      case 'cancel-new': {
        const id = await this.#dispatch(deed, { wait: false });
        await deed.client.sleep(deed.chance.between(0, 30));
        return id === undefined ? undefined : this.#cancel(deed, id);
      }
      case 'cancel':
        return this.#withJob(deed, (id) => this.#cancel(deed, id));
      case 'retry':
        return this.#withJob(deed, (id) => this.#retry(deed, id));
      case 'rename':
        return this.#rename(deed);
      case 'revoke':
        return this.#revoke(deed);
      case 'wait':
        return this.#withJob(deed, (id) => this.#wait(deed, id));
      case 'follow':
        return this.#withJob(deed, (id) => followLog(this.#ground, { ...deed, job: id }));
      case 'watch':
        return this.#watch(deed);
      case 'decide':
        return this.#decide(deed);
      case 'look':
        return this.#look(deed);
    }
  }

  async #dispatch(
    { client, chance }: Deed,
    { wait }: { readonly wait: boolean },
  ): Promise<JobId | undefined> {
    const team = (await client.ask('team')) as readonly TeamRow[];
    if (team.length === 0) return undefined;
    const spec = drawSpec(chance);
    // What may be started elsewhere must not be bound to one worker.
    const isFree = chance.happens('replace' in spec ? 0.8 : 0.2);
    const target = isFree ? { need: ['sh'] } : { on: [chance.pick(team).name] };
    const timeout = wait ? { wait, timeout: `${chance.int(1, 60)}s` } : {};
    const answer = await client.ask('dispatch', { ...target, ...spec, ...timeout });
    const job = this.#noteAccepted(answer);
    if (wait) this.#noteTold(answer);
    return job;
  }

  async #dispatchGroup({ client, chance }: Deed): Promise<void> {
    const team = (await client.ask('team')) as readonly TeamRow[];
    const some = team.filter(() => chance.happens(0.7)).map(({ name }) => name);
    const target = some.length > 1 && chance.happens(0.5) ? { on: some } : { all: true };
    this.#noteAccepted(await client.ask('dispatch', { ...target, ...drawSpec(chance) }));
  }

  /** Many at once for one worker, all but a few of them cancelled again. */
  async #dispatchMany({ client, chance }: Deed): Promise<void> {
    const team = (await client.ask('team')) as readonly TeamRow[];
    if (team.length === 0) return;
    const on = [chance.pick(team).name];
    const count = chance.int(burstJobs.min, burstJobs.max);
    const asks = Array.from({ length: Math.floor(count / 2) }, () =>
      client.ask('dispatch', { on, command: ['true'], title: 'burst', deadline: '30s' }),
    );
    const ids = (await Promise.all(asks)).map((answer) => this.#noteAccepted(answer));
    for (const id of ids) this.#ground.history.cancels.add(id);
    await Promise.all(ids.map((job) => client.ask('cancel', { job }).catch(expectFinished)));
  }

  async #withJob({ chance }: Deed, act: (id: JobId) => Promise<void>): Promise<void> {
    const ids = [...this.#ground.history.accepted];
    if (ids.length === 0) return;
    const id = chance.pick(ids);
    const again = chance.happens(0.3) ? [act(id)] : [];
    await Promise.all([act(id), ...again]);
  }

  async #cancel({ client }: Deed, id: JobId): Promise<void> {
    this.#ground.history.cancels.add(id);
    await client.ask('cancel', { job: id });
  }

  async #retry({ client, chance }: Deed, id: JobId): Promise<void> {
    const team = (await client.ask('team')) as readonly TeamRow[];
    if (team.length === 0) return;
    const target = chance.happens(0.5) ? { on: chance.pick(team).name } : {};
    this.#ground.history.begunByPeople.add(id);
    this.#noteAccepted(await client.ask('retry', { job: id, ...target }));
    this.#ground.history.count('retries');
  }

  async #wait({ client, chance }: Deed, id: JobId): Promise<void> {
    this.#noteTold(await client.ask('wait', { jobs: [id], timeout: `${chance.int(1, 90)}s` }));
  }

  async #rename({ client, chance }: Deed): Promise<void> {
    const team = (await client.ask('team')) as readonly TeamRow[];
    if (team.length === 0) return;
    const { name } = chance.pick(team);
    await client.ask('team rename', { name, to: `${name.slice(0, 20)}-b` });
  }

  async #revoke({ client, chance }: Deed): Promise<void> {
    const team = (await client.ask('team')) as readonly TeamRow[];
    if (team.length < 2) return;
    const { name, key } = chance.pick(team);
    const { history, clock } = this.#ground;
    history.revokes.add(key);
    await client.ask('team revoke', { name });
    history.revokedAt.set(key, clock.nowMs);
    history.count('revokes');
  }

  async #look({ client, chance }: Deed): Promise<void> {
    const team = (await client.ask('team')) as readonly TeamRow[];
    const [first] = team;
    if (first !== undefined) await client.ask('team show', { name: first.name });
    await client.ask('jobs', { active: chance.happens(0.5), limit: chance.int(1, 50) });
    await client.ask('status');
    const ids = [...this.#ground.history.accepted];
    if (ids.length > 0) await client.ask('job', { job: chance.pick(ids) });
    // An invite that nobody uses.
    if (chance.happens(0.5)) await client.ask('invite', { ttl: '5s' });
  }

  /** One entry of the inbox is answered; at times by two clients at once. */
  async #decide({ client, chance }: Deed): Promise<void> {
    const inbox = (await client.ask('inbox')) as readonly InboxRow[];
    if (inbox.length === 0) return;
    const { id, job } = chance.pick(inbox);
    const team = (await client.ask('team')) as readonly TeamRow[];
    const how = chance.pick(['approve', 'reject', 'answer'] as const);
    const text = how === 'answer' && team.length > 0 ? [chance.pick(team).name] : [];
    if (how === 'answer' && text.length === 0) return;
    const { history } = this.#ground;
    if (job === null) return;
    history.decided.add(job);
    if (how !== 'reject') history.begunByPeople.add(job);
    await client.ask('decide', { decision: id, how, text });
    history.count(`decided ${how}`);
  }

  async #watch({ client, chance }: Deed): Promise<void> {
    this.#watchers.add(client);
    await watchHub(this.#ground, { client, chance });
  }

  #noteAccepted(answer: unknown): JobId {
    const { id, children } = answer as JobDetail;
    const { history, trace } = this.#ground;
    trace.note(`${id} is accepted`);
    if (!history.accepted.has(id)) history.count('jobs accepted');
    history.accepted.add(id);
    for (const part of children) history.accepted.add(part.id);
    return id;
  }

  /** What a verb said of an ended job must be what is found in the end. */
  #noteTold(answer: unknown): void {
    const { id, kind, outcome, attemptCount } = answer as JobDetail;
    if (kind === 'group' || outcome === null) return;
    this.#ground.history.told.push({ attempt: `${id}.${attemptCount}`, outcome });
  }
}

function drawSpec(chance: Chance): Readonly<Record<string, unknown>> {
  const files = chance.happens(0.3) ? { artifact: ['out/*'] } : {};
  const spec = { command: ['true'], title: 'wish', ...files, ...drawPolicy(chance) };
  return chance.happens(0.25) ? { ...spec, deadline: `${chance.int(500, 30_000)}ms` } : spec;
}

/** What both ends are to do when they lose each other. */
function drawPolicy(chance: Chance): Readonly<Record<string, unknown>> {
  const stop = { 'stop-after': `${chance.int(10_000, chance.pick([11_000, 25_000]))}ms` };
  const lostMs = chance.int(10_000, 25_000);
  if (chance.happens(0.3)) {
    return { idempotent: true, replace: true, ...nameRule(chance.pick(rules)), ...stop };
  }
  // A person may start it once more without its being allowed to the hub, so here too a rule counts.
  const lost = { 'lost-after': `${lostMs}ms`, ...nameRule(rules[lostMs % rules.length]) };
  return {
    idempotent: chance.happens(0.2),
    ...(chance.happens(0.25) ? lost : {}),
    ...(chance.happens(0.25) ? stop : {}),
  };
}

/** Which of two attempts is kept; `none` says nothing. */
const rules = ['keep-original', 'keep-replacement', 'first-finished', 'none'] as const;

function nameRule(rule: (typeof rules)[number] = 'none'): Readonly<Record<string, unknown>> {
  return rule === 'none' ? {} : { reconcile: rule };
}

function expectFinished(error: unknown): void {
  if (!(error instanceof AppError && error.code === 'JOB_FINISHED')) throw error;
}
