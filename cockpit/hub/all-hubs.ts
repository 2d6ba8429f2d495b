/*
 * Several hubs as one: what is asked goes to the hub that it names, what all can say is merged.
 *
 * To who asks it is a hub client like any other. Names and ids are qualified (`work:J12`). A hub that is
 * gone or slow holds up nobody else: what was to come from it is left out, and said.
 * Errors: USAGE_ARGUMENT where no hub is named, HUB_UNREACHABLE, the verb's.
 */
import { AppError, wrapError } from '../../protocol/errors.ts';
import { type Ports, sleep } from '../../protocol/ports.ts';
import type { JobCount } from '../verbs/hub-state.ts';
import type { JobRow, StatusOfMany, StatusShape, TeamRow, WatchItem } from '../verbs/shapes.ts';
import { AllWatch } from './all-watch.ts';
import type { HubClient, HubStream } from './client.ts';
import { HubMember } from './hub-member.ts';
import type { HubWay } from './hub-way.ts';
import { memberAnswerMsMax } from './limits.ts';
import { qualify, type Route, routeArgs } from './qualify.ts';

/** What it is opened with. */
export interface AllHubsParts {
  readonly ways: readonly HubWay[];
  readonly ports: Ports;
  /** What a hub should have said to a question for all, and why it did not. */
  readonly missed: (hub: string, error: AppError) => void;
}

type Args = Readonly<Record<string, unknown>>;

/** Life cycle: open when made; `close` is safe to repeat. */
export class AllHubs implements HubClient {
  readonly closed: Promise<string>;
  readonly #parts: AllHubsParts;
  readonly #members: readonly HubMember[];
  readonly #names: ReadonlySet<string>;
  readonly #watches = new Set<AllWatch>();
  #resolveClosed: (reason: string) => void = () => undefined;

  constructor(parts: AllHubsParts) {
    this.#parts = parts;
    this.#members = parts.ways.map(
      (way) =>
        new HubMember(way, parts.ports, (member) => {
          for (const watch of this.#watches) watch.memberChanged(member);
        }),
    );
    this.#names = new Set(parts.ways.map(({ name }) => name));
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    for (const member of this.#members) member.start();
  }

  /** Resolves when one of them is reached. Errors: HUB_UNREACHABLE when none is. */
  async reachOne(): Promise<void> {
    try {
      await Promise.any(this.#members.map((member) => member.getClient()));
    } catch (thrown) {
      throw thrown instanceof AggregateError
        ? wrapError(thrown.errors[0], 'HUB_UNREACHABLE')
        : thrown;
    }
  }

  async call(verb: string, args: Args): Promise<unknown> {
    const route = routeArgs(args, this.#names);
    if (route.hub !== undefined) {
      const member = this.#get(route.hub);
      return qualify(await (await member.getClient()).call(verb, route.args), member.name);
    }
    switch (verb) {
      case 'status':
        return mergeStatus(await this.#askAll<StatusShape>(verb, args));
      case 'team':
      case 'jobs':
      case 'inbox':
        return this.#mergeRows(verb, args);
      default:
        throw this.#nameless(verb);
    }
  }

  stream(verb: string, args: Args, onItem: (item: unknown) => void | Promise<void>): HubStream {
    if (verb === 'watch') return this.#watch(onItem);
    let route: Route;
    try {
      route = routeArgs(args, this.#names);
      if (route.hub === undefined && !merged.has(verb)) throw this.#nameless(verb);
    } catch (thrown) {
      return { done: Promise.reject(thrown), give: async () => false, cancel: () => undefined };
    }
    if (route.hub === undefined) {
      const done = this.call(verb, args);
      return { done, give: async () => false, cancel: () => undefined };
    }
    return openLater(this.#get(route.hub), (client, name) =>
      client.stream(verb, route.args, (item) => onItem(qualify(item, name))),
    );
  }

  close(): void {
    for (const watch of this.#watches) watch.stop();
    this.#watches.clear();
    for (const member of this.#members) member.stop();
    this.#resolveClosed('closed');
  }

  #watch(onItem: (item: WatchItem) => void | Promise<void>): HubStream {
    const watch = new AllWatch(this.#members, this.#parts.ports.clock, onItem);
    this.#watches.add(watch);
    let resolveDone: () => void = () => undefined;
    const done = new Promise<void>((resolve) => {
      resolveDone = resolve;
    });
    watch.start();
    const cancel = () => {
      watch.stop();
      this.#watches.delete(watch);
      resolveDone();
    };
    void this.closed.then(cancel);
    return { done, give: async () => false, cancel };
  }

  async #mergeRows(verb: string, args: Args): Promise<readonly unknown[]> {
    const answers = await this.#askAll<readonly object[]>(verb, args);
    return answers.flatMap(({ hub, answer }) =>
      qualify(answer, hub).map((row) => ({ ...row, hub })),
    );
  }

  /** What each says in time; who does not is left out, and told. */
  async #askAll<T>(verb: string, args: Args): Promise<readonly Answered<T>[]> {
    const { ports, missed } = this.#parts;
    const asked = this.#members.map(async (member): Promise<readonly Answered<T>[]> => {
      const late = async () => {
        await sleep(ports.timers, memberAnswerMsMax);
        throw new AppError('HUB_UNREACHABLE', `The hub "${member.name}" did not answer in time.`);
      };
      const asking = member.getClient().then((client) => client.call(verb, args));
      try {
        return [{ hub: member.name, answer: (await Promise.race([asking, late()])) as T }];
      } catch (thrown) {
        missed(member.name, wrapError(thrown, 'HUB_UNREACHABLE'));
        return [];
      }
    });
    return (await Promise.all(asked)).flat();
  }

  #get(name: string): HubMember {
    const member = this.#members.find((one) => one.name === name);
    if (member === undefined) throw new Error(`invariant broken: ${name} is one of the hubs`);
    return member;
  }

  #nameless(verb: string): AppError {
    const [first = ''] = this.#names;
    const all = [...this.#names].join(', ');
    const how = `${first}:J12 or ${first}:alice says that ${first} is meant`;
    return new AppError('USAGE_ARGUMENT', `${verb}: name one of the hubs ${all}: ${how}.`);
  }
}

const merged: ReadonlySet<string> = new Set(['status', 'team', 'jobs', 'inbox']);

interface Answered<T> {
  readonly hub: string;
  readonly answer: T;
}

function mergeStatus(
  answers: readonly Answered<StatusShape & JobCount>[],
): StatusOfMany & JobCount {
  const pick = <T extends TeamRow | JobRow>(rows: (status: StatusShape) => readonly T[]) =>
    answers.flatMap(({ hub, answer }) => qualify(rows(answer), hub));
  return {
    hubs: answers.map(({ hub: name, answer: { hub, disk } }) => ({ name, hub, disk })),
    team: pick(({ team }) => team),
    jobs: pick(({ jobs }) => jobs),
    jobCount: answers.reduce(
      (sum, { answer: { jobs, jobCount } }) => sum + (jobCount ?? jobs.length),
      0,
    ),
    recent: pick(({ recent }) => recent),
  };
}

/** A stream of a member, which may still be coming. */
function openLater(
  member: HubMember,
  open: (client: HubClient, name: string) => HubStream,
): HubStream {
  let isCancelled = false;
  let stream: HubStream | undefined;
  const opened = member.getClient().then((client) => {
    stream = isCancelled ? undefined : open(client, member.name);
    return stream;
  });
  return {
    done: opened.then((one) => one?.done),
    give: async (value) => (await opened.catch(() => undefined))?.give(value) ?? false,
    cancel() {
      isCancelled = true;
      stream?.cancel();
    },
  };
}
