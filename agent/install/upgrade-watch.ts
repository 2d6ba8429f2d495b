/*
 * A change of version seen through from beginning to end, by a process of the version that is left.
 *
 *   draining ──idle──▶ stopped, switched ──the new one is seen──▶ done
 *                                        └─not in time, or it fails──▶ the old one again: rolled back
 *
 * What runs goes on to its end, however long that is; what was accepted waits in the store. New work starts only in a
 * session with the hub, so going back before one was opened takes nothing from anybody. Every step is on the
 * disk before it is taken, so one that is killed is followed by another (`upgrade-resume`). Errors: none; what came of
 * it is the record.
 */
import { AppError, wrapError } from '../../protocol/errors.ts';
import { sleep } from '../../protocol/ports.ts';
import {
  dialAgent,
  findAnswering,
  findRunning,
  isLinked,
  type RunningStatus,
} from '../agent-client.ts';
import type { DrainState } from '../drain.ts';
import type { AgentHome } from '../home.ts';
import { agentAnswerMsMax } from '../limits.ts';
import type { Program } from '../ports.ts';
import {
  serviceLookMs,
  serviceStopMsMax,
  upgradeAloneMs,
  upgradeClaimMs,
  upgradeGoneMsMax,
  upgradeUpMsMax,
  versionsKept,
} from './limits.ts';
import { restoreStore } from './restore-store.ts';
import { findServiceRecord } from './service-record.ts';
import { openService } from './service-verb.ts';
import { findSupervisor, isAlive, nameProcess } from './supervisor-record.ts';
import { describeTool, type RunTool } from './tools.ts';
import { findUpgrade, saveUpgrade, type UpgradeRecord } from './upgrade-record.ts';
import { isAdrift } from './upgrade-resume.ts';
import {
  findLinked,
  listVersions,
  locateVersion,
  planRemoval,
  removeVersion,
  switchBack,
  switchVersion,
} from './versions.ts';

/** What a change is seen through with. */
export interface WatchParts {
  readonly program: Program;
  readonly home: AgentHome;
  readonly tools: RunTool;
  readonly noticed: (line: string) => void;
}

/** Sees it through; resolves with what came of it. */
export async function watchUpgrade(
  parts: WatchParts,
  change: Pick<UpgradeRecord, 'from' | 'to' | 'at'>,
): Promise<UpgradeRecord> {
  return new Watch(parts, change).run();
}

/** Goes on where a watcher that is gone was cut off; resolves with the record where there is nothing to go on with. */
export async function watchOn(parts: WatchParts): Promise<UpgradeRecord | undefined> {
  const record = await findUpgrade(parts.home.directory);
  if (!isAdrift(record)) return record;
  return new Watch(parts, record).goOn(record.phase === 'rolled-back' ? 'rolled-back' : 'switched');
}

type Client = Awaited<ReturnType<typeof dialAgent>>;

class Watch {
  readonly #parts: WatchParts;
  #record: UpgradeRecord;

  constructor(parts: WatchParts, change: Pick<UpgradeRecord, 'from' | 'to' | 'at' | 'was'>) {
    this.#parts = parts;
    const watcher = nameProcess(parts.program.pid);
    this.#record = { ...change, phase: 'draining', watcher };
  }

  async run(): Promise<UpgradeRecord> {
    await this.#note({ phase: 'draining' });
    try {
      await this.#drainAndStop();
    } catch (thrown) {
      const { code, message } = wrapError(thrown, 'UPGRADE_STUCK');
      return this.#note({ phase: 'failed', code, message });
    }
    return this.#takeOver();
  }

  /** The last who claims it has it: whoever else did sees that, for a claim takes far less than the pause. */
  async goOn(phase: 'switched' | 'rolled-back'): Promise<UpgradeRecord> {
    const { home, program, noticed } = this.#parts;
    const { watcher, to } = await this.#note({ phase });
    await sleep(program.ports.timers, upgradeClaimMs);
    const claimed = await findUpgrade(home.directory);
    const isOurs = claimed?.watcher.pid === watcher.pid && claimed.watcher.start === watcher.start;
    if (!isOurs) return claimed ?? this.#record;
    noticed(`the change to ${to} was cut off; it goes on`);
    if (phase === 'rolled-back') return this.#startOld();
    if ((await findLinked(home.directory, 'current')) === to) return this.#takeOver();
    // The box may be starting it just now: then it is drained as any other, and not taken for one that ended.
    if (this.#record.was !== undefined) await this.#start().catch(() => undefined);
    return this.run();
  }

  /** Nothing runs any more: the new one is made current and is to come up. */
  async #takeOver(): Promise<UpgradeRecord> {
    const { home, noticed } = this.#parts;
    const { from, to, was } = this.#record;
    try {
      await this.#note({ phase: 'switched' });
      await switchVersion(home.directory, to);
    } catch (thrown) {
      // The disk takes nothing now, say. What is current serves meanwhile, and the launcher takes the change up again.
      if (was !== undefined) await this.#start().catch(() => undefined);
      throw thrown;
    }
    noticed(`the current version is ${to}; before it was ${from}`);
    try {
      if (was !== undefined) await this.#comeUp(to, was === 'linked');
    } catch (thrown) {
      return this.#goBack(wrapError(thrown, 'UPGRADE_ROLLED_BACK').message);
    }
    await this.#note({ phase: 'done' });
    await this.#tidy();
    return this.#record;
  }

  /** Resolves once no agent runs; what it was before is noted. */
  async #drainAndStop(): Promise<void> {
    const { home } = this.#parts;
    let isSeen = false;
    for (;;) {
      const running = await this.#findRunning(isSeen ? upgradeGoneMsMax : 0);
      if (running === undefined) return;
      isSeen = true;
      const client = await dialAgent(home).catch(() => undefined);
      // It died, and what keeps it starts it again: then it is asked anew.
      const isIdle = client !== undefined && (await this.#untilIdle(client));
      if (!isIdle) continue;
      // Before it is told: from here on somebody must start one again, so it can't be given up any more.
      // By ssh it is the hub that comes, when it finds the time.
      const was = isLinked(running) && !/ by ssh$/.test(running.link) ? 'linked' : 'alone';
      await this.#note({ phase: 'switched', was });
      // What was noted is true from here on, whatever it says.
      await this.#tellToStop(client);
      await this.#untilGone(running.pid);
      client.close();
      return;
    }
  }

  /** It may go before it has answered, or hang. */
  async #tellToStop(client: Client): Promise<void> {
    const told = client.call('stop', { keep: true }).catch(() => undefined);
    await Promise.race([told, sleep(this.#parts.program.ports.timers, agentAnswerMsMax)]);
  }

  /** True once nothing runs; false when the agent went away before. */
  #untilIdle(client: Client): Promise<boolean> {
    return new Promise((resolve) => {
      const take = async (item: unknown) => {
        const { running, terminals } = item as DrainState;
        if (running === 0 && terminals === 0) return resolve(true);
        await this.#note({ phase: 'draining', running, terminals });
      };
      const { done } = client.stream('hand-over', { why: 'upgrade' }, take);
      done.then(
        () => resolve(false),
        () => resolve(false),
      );
    });
  }

  async #untilGone(pid: number): Promise<void> {
    const { program, home } = this.#parts;
    const name = nameProcess(pid);
    const isLeft = () => isAlive(name) || findSupervisor(home.directory) !== undefined;
    const isGone = await this.#until(serviceStopMsMax, async () => !isLeft());
    if (isGone) return;
    // Nothing runs in it any more, and its store takes a sudden end.
    if (isAlive(name)) program.signal(pid, 'SIGKILL');
    await this.#until(serviceStopMsMax, async () => !isAlive(name));
  }

  /** Starts what is current now; resolves once it is seen to be this version, and to have what it must. */
  async #comeUp(build: string, mustLink: boolean): Promise<void> {
    const { home, program } = this.#parts;
    await this.#start();
    const { clock } = program.ports;
    let sinceMs: number | undefined;
    let seen = 'it does not answer';
    const isUp = await this.#until(upgradeUpMsMax, async () => {
      const running = await findAnswering(home, program.ports.timers);
      if (running?.build !== build) {
        sinceMs = undefined;
        return false;
      }
      sinceMs ??= clock.monotonicMs();
      seen = `it has no session with the hub (${running.link})`;
      if (hasServed(running)) return true;
      return !mustLink && clock.monotonicMs() - sinceMs >= upgradeAloneMs;
    });
    if (isUp) return;
    const detail = `${build} did not come up in ${upgradeUpMsMax / 1000} s: ${seen}`;
    throw new AppError('UPGRADE_ROLLED_BACK', detail);
  }

  /** By what is current now: a supervisor is then of the same version as its agent. */
  async #start(): Promise<void> {
    const { home, tools } = this.#parts;
    const record = await findServiceRecord(home.directory);
    const launcher = `${home.directory}/bin/odally`;
    const words =
      record === undefined ? ['run', '--background', '--json'] : ['service', 'start', '--json'];
    const started = await tools(launcher, words, { timeoutMs: upgradeUpMsMax });
    if (started.code !== 0) throw new AppError('UPGRADE_ROLLED_BACK', describeTool(started));
  }

  async #goBack(why: string): Promise<UpgradeRecord> {
    const { home, program, noticed } = this.#parts;
    const { from, to } = this.#record;
    noticed(`going back to ${from}: ${why}`);
    try {
      await this.#stopKeeping();
      await openService(this.#parts).perform({ verb: 'stop' });
      const at = Math.round(program.ports.clock.wallMs());
      const aside = await restoreStore(home.store, at);
      if (aside !== undefined) noticed(`what ${to} made of the store is kept in ${aside}`);
      await switchBack(home.directory, from);
      // Before it starts, because its first hello says so.
      const code = 'UPGRADE_ROLLED_BACK';
      await this.#note({ phase: 'rolled-back', isDown: true, code, message: why });
    } catch (thrown) {
      // Better the one that did not come up, which may yet, than none.
      await this.#start().catch(() => undefined);
      return this.#noteWorse(why, thrown);
    }
    return this.#startOld();
  }

  /** What was accepted before waits in the new one, and would be ended by a stop that does not say so. */
  async #stopKeeping(): Promise<void> {
    const { home, program } = this.#parts;
    const running = await findAnswering(home, program.ports.timers);
    if (running === undefined) return;
    const client = await dialAgent(home).catch(() => undefined);
    if (client !== undefined) await this.#tellToStop(client);
    client?.close();
    await this.#untilGone(running.pid);
  }

  /** It was gone back; now the old one is to be started, whoever began. */
  async #startOld(): Promise<UpgradeRecord> {
    const { from, message = '' } = this.#record;
    try {
      await this.#comeUp(from, false);
    } catch (thrown) {
      return this.#noteWorse(message, thrown);
    }
    return this.#note({ isDown: undefined });
  }

  #noteWorse(why: string, thrown: unknown): Promise<UpgradeRecord> {
    const { code, message } = wrapError(thrown, 'UPGRADE_ROLLED_BACK');
    const worse = `${why}; then: ${message}`;
    return this.#note({ phase: 'rolled-back', isDown: undefined, code, message: worse });
  }

  /** What nothing needs any more goes; that it can't is no failure of the change. */
  async #tidy(): Promise<void> {
    const { home, noticed } = this.#parts;
    const { directory } = home;
    const linked = await Promise.all([
      findLinked(directory, 'current'),
      findLinked(directory, 'previous'),
    ]);
    const names = new Set(linked.flatMap((name) => name ?? []));
    const gone = planRemoval(await listVersions(directory), { names, newestCount: versionsKept });
    for (const name of gone) {
      await removeVersion(directory, name).catch((error: unknown) =>
        noticed(
          `${locateVersion(directory, name)} stays: ${wrapError(error, 'HOME_UNWRITABLE').message}`,
        ),
      );
    }
  }

  async #findRunning(forMs: number): Promise<RunningStatus | undefined> {
    const { home, program } = this.#parts;
    let running: RunningStatus | undefined;
    await this.#until(forMs, async () => {
      running = await findRunning(home, program.ports.timers);
      return running !== undefined;
    });
    return running;
  }

  /** Looks again and again; false when time is up. Looks once at least. */
  async #until(forMs: number, holds: () => Promise<boolean>): Promise<boolean> {
    const { clock, timers } = this.#parts.program.ports;
    const untilMs = clock.monotonicMs() + forMs;
    for (;;) {
      if (await holds()) return true;
      if (clock.monotonicMs() >= untilMs) return false;
      await sleep(timers, serviceLookMs);
    }
  }

  async #note(change: Partial<UpgradeRecord>): Promise<UpgradeRecord> {
    const { running: _r, terminals: _t, ...rest } = this.#record;
    this.#record = { ...rest, ...change };
    await saveUpgrade(this.#parts.home.directory, this.#record);
    return this.#record;
  }
}

/** It had a session since it was started, and may have taken work in it; what it runs began in one. */
function hasServed(running: RunningStatus): boolean {
  const works = running.attempts.some(({ state }) => state === 'starting' || state === 'running');
  return isLinked(running) || running.hadSession === true || works;
}
