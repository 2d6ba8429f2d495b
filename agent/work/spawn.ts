/*
 * The real workshop: runs commands as process groups of their own, and ends all of them.
 *
 * It starts what it is told, once, and reports how that ended; whether and when is decided elsewhere.
 * A start either gives running work or throws and leaves nothing behind: no process, no directory, no
 * open file. The only place in the agent where execa is used.
 */
import { closeSync, fchownSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { AppError, assert } from '../../protocol/errors.ts';
import type { CommandSpec, KeptDirectory, LogStream } from '../../protocol/model.ts';
import type { Ports } from '../../protocol/ports.ts';
import type { BoxUser, Isolation } from '../policy/isolation.ts';
import { type BaseTree, clearTree, findTree, openTree, type TreeScene } from './base-tree.ts';
import { measureLoad, probeCapabilities } from './capabilities.ts';
import { assertStartable } from './command-file.ts';
import { DirectoryLooks } from './directory-looks.ts';
import type { Environment } from './environment.ts';
import { buildEnvironment, buildToolEnvironment, pathDefault } from './environment.ts';
import { findArtifacts } from './find-artifacts.ts';
import { GlobThreads } from './glob-thread.ts';
import {
  type HarnessConfig,
  type Harnesses,
  type HarnessRun,
  listHarnesses,
  mergeHarnesses,
  planHarness,
} from './harness.ts';
import { type Cover, coverInherited } from './inherited-files.ts';
import { findIsolation, hasLimits, judgeScope, makeOwn, nameUnit } from './isolated-start.ts';
import {
  removeTemporary,
  requireDirectory,
  resolveDirectory,
  sweepTemporaries,
} from './job-directory.ts';
import { type Launch, planLaunch } from './launch.ts';
import { graceMsDefault } from './limits.ts';
import type { OutputPipe } from './pipe-stock.ts';
import { PipeStock } from './pipe-stock.ts';
import { findProcess } from './process-table.ts';
import { killTree, reapMarked } from './reaper.ts';
import type { CommandEnded } from './running-work.ts';
import { RunningWork } from './running-work.ts';
import { isOwnFolder, nameSharedFolder } from './shared-folder.ts';
import { openShell } from './terminal.ts';
import { UsageMeter } from './usage-meter.ts';
import type { ProcessMark, TakeOutput, Work, WorkOrder, Workshop } from './work.ts';

/** What a workshop needs to know of its box. */
export interface WorkshopOptions {
  /** Folder for the attempts' temporary directories; made when it is missing. No one else writes there. */
  readonly directory: string;
  readonly ports: Ports;
  /** The agent's own environment; only an allow-list of it reaches commands. */
  readonly baseEnv: Environment;
  readonly config: { readonly has: readonly string[]; readonly harness: HarnessConfig };
  /** Folder for checkouts at a base. They may outlive their attempts; no one else writes there. */
  readonly trees: string;
  /** From TERM to KILL; `graceMsDefault` when absent. */
  readonly graceMs?: number;
}

/** Opens the workshop of this box. It holds nothing open while no work runs. */
export function openWorkshop(options: WorkshopOptions): Workshop {
  const path = options.baseEnv.PATH ?? pathDefault;
  const { has, harness } = options.config;
  const treeScene = { folder: options.trees, env: buildToolEnvironment(options.baseEnv) };
  const shop: Shop = {
    ...options,
    treeScene,
    looks: new DirectoryLooks(options.ports.timers),
    harnesses: mergeHarnesses(harness),
    graceMs: options.graceMs ?? graceMsDefault,
    meter: new UsageMeter(options.ports),
    globs: new GlobThreads(options.ports.timers),
    pipes: new PipeStock({
      directory: join(options.directory, '.pipes'),
      makeFifos: async (paths) => {
        // The box's own first: to look for it on a disk that is dead would hold this process.
        const env = { PATH: `${pathDefault}:${path}` };
        await execa('mkfifo', ['-m', '600', ...paths], { env, extendEnv: false });
      },
    }),
  };
  return {
    probe: async () => {
      const harnesses = await listHarnesses(shop.harnesses, path);
      return probeCapabilities({ path, has, harnesses });
    },
    measure: measureLoad,
    start: (order, take) => startWork(shop, order, take),
    reap: (process) => reapOrphans(process, options.ports),
    openShell: (order) => openShell(shop, order),
    reapShells: (prefix) => reapMarked(prefix, options.ports.timers),
    clearTree: async (attempt, how) => {
      const tree = await findTree(options.trees, attempt);
      return tree === undefined ? undefined : clearTree(treeScene, tree, how);
    },
    sweep: async (keep) => {
      await sweepTemporaries(options.directory, keep);
      const shared = nameSharedFolder(options.directory);
      // Its name can be guessed, and what is removed in somebody else's folder is theirs to choose.
      if (await isOwnFolder(shared).catch(() => false)) await sweepTemporaries(shared, keep);
    },
  };
}

interface Shop extends WorkshopOptions {
  readonly graceMs: number;
  readonly meter: UsageMeter;
  readonly globs: GlobThreads;
  readonly looks: DirectoryLooks;
  readonly pipes: PipeStock;
  readonly harnesses: Harnesses;
  readonly treeScene: TreeScene;
}

async function startWork(shop: Shop, order: WorkOrder, take: TakeOutput): Promise<Work> {
  assert(order.mark !== '', 'every order has a mark');
  const run = planRun(shop, order.spec);
  const isolation = findIsolation(order);
  const tree = await openOwnTree(shop, order);
  const clear = async () =>
    tree === undefined ? undefined : clearTree(shop.treeScene, tree.path, 'careful');
  try {
    return await startIn(shop, { order, take, run, isolation, tree, clear });
  } catch (error) {
    await clear();
    throw error;
  }
}

interface Plan {
  readonly order: WorkOrder;
  readonly take: TakeOutput;
  readonly run: HarnessRun;
  readonly isolation: Isolation;
  readonly tree: BaseTree | undefined;
  readonly clear: () => Promise<KeptDirectory | undefined>;
}

async function startIn(shop: Shop, plan: Plan): Promise<Work> {
  const { order, take, run, isolation, tree, clear } = plan;
  const { spec, rules } = order;
  const { user, limits } = isolation;
  const home = shop.baseEnv.HOME ?? homedir();
  const named =
    tree?.directory ?? (await resolveDirectory(spec, { home, looks: shop.looks, rules }));
  const temporary = await makeOwn(shop, order.attempt, user);
  try {
    const terms = { user, passed: rules?.passed ?? [] };
    const env = buildEnvironment({ base: shop.baseEnv, terms, order, temporary });
    const unit = nameUnit(order);
    const launch = planLaunch({ line: run.line, env, isolation, unit }, shop.baseEnv);
    const cwd = named ?? temporary;
    await assertStartable(shop.looks, { run, launch, cwd });
    const hindrance = order.findHindrance?.();
    if (hindrance !== undefined) throw hindrance;
    const child = await spawnCommand(shop, {
      ...{ ...run, ...launch, cwd },
      isAnothers: user !== undefined,
    });
    const process = {
      pid: child.pid,
      start: String(findProcess(child.pid)?.start ?? ''),
      mark: order.mark,
    };
    const { ports, graceMs, meter } = shop;
    return new RunningWork({
      ...child,
      process,
      temporary,
      take,
      ports,
      graceMs,
      watch: (over) => meter.watch(process, hasLimits(isolation) ? { limits, over } : undefined),
      collect: () => collectArtifacts(shop, { order, named, temporary, ownerUid: user?.uid }),
      clear,
      judge: (usage) => judgeScope(launch, { usage, limits, env: shop.baseEnv }),
    });
  } catch (error) {
    await removeTemporary(temporary);
    throw error;
  }
}

/** A command by the shell where it is one word; a harness as its line says. Errors: JOB_HARNESS. */
function planRun({ harnesses }: Shop, { command, prompt }: CommandSpec): HarnessRun {
  if (prompt !== undefined) return planHarness(harnesses, prompt);
  return { line: command.length === 1 ? ['/bin/sh', '-c', ...command] : command };
}

/** The checkout that the spec asks for, where it asks for one. Errors: JOB_DIRECTORY, JOB_BASE. */
async function openOwnTree(
  shop: Shop,
  { spec, attempt, rules }: WorkOrder,
): Promise<BaseTree | undefined> {
  if (typeof spec.repo !== 'object') return undefined;
  const home = shop.baseEnv.HOME ?? homedir();
  const path = await requireDirectory(spec.repo.path, { home, looks: shop.looks, rules });
  return openTree(shop.treeScene, attempt, { path, base: spec.repo.base });
}

/** Work that has ended. `named`: the directory that it ran in, where that was not its own. */
interface EndedWork {
  readonly order: WorkOrder;
  readonly named: string | undefined;
  readonly temporary: string;
  readonly ownerUid: number | undefined;
}

async function collectArtifacts(
  { globs, looks }: Pick<Shop, 'globs' | 'looks'>,
  { order: { spec, collect, rules }, named, temporary, ownerUid }: EndedWork,
): Promise<void> {
  const { artifacts: patterns } = spec;
  if (patterns === undefined || collect === undefined) return;
  // What it lies on may have gone meanwhile.
  if (named !== undefined && (await looks.look(named)).is !== 'directory') {
    const missed = patterns.map((path) => ({ path, code: 'ARTIFACT_REFUSED' }) as const);
    return collect({ found: [], missed });
  }
  const findFileRefusal = (path: string, bytes: number) => rules?.findFileRefusal(path, bytes);
  const wish = { directory: named ?? temporary, globs, patterns };
  await collect(await findArtifacts(wish, { findFileRefusal, ownerUid }));
}

interface Command extends HarnessRun, Pick<Launch, 'line' | 'env' | 'user'> {
  readonly cwd: string;
  /** Does it become another user, also where its wrapper sees to that? */
  readonly isAnothers: boolean;
}

interface Child {
  readonly pid: number;
  readonly sources: Readonly<Record<LogStream, Readable>>;
  readonly onceEnded: (run: CommandEnded) => void;
}

async function spawnCommand(shop: Shop, command: Command): Promise<Child> {
  const [file = '', ...args] = command.line;
  const pipes = await shop.pipes.open();
  let cover: Cover | undefined;
  try {
    if (command.isAnothers) cover = coverInherited(3);
    // Whoever writes `/dev/stdout` opens the pipe again, by its mode.
    if (command.user !== undefined) givePipes(pipes ?? [], command.user);
    const running = execa(file, args, {
      cwd: command.cwd,
      env: command.env,
      extendEnv: false,
      detached: true,
      cleanup: false,
      ...(command.input === undefined ? {} : { input: command.input }),
      ...(command.user === undefined ? {} : { uid: command.user.uid, gid: command.user.gid }),
      stdio: [
        command.input === undefined ? 'ignore' : 'pipe',
        asOutput(pipes?.[0]),
        asOutput(pipes?.[1]),
        ...((cover?.files ?? []) as readonly ('ignore' | 3)[]),
      ],
      buffer: false,
      encoding: 'buffer',
      reject: false,
    });
    const stdout = pipes?.[0].source ?? running.stdout;
    const stderr = pipes?.[1].source ?? running.stderr;
    const { pid, nodeChildProcess } = running;
    if (pid === undefined || stdout === null || stderr === null) throw (await running).cause;
    const onceEnded = (run: CommandEnded) => nodeChildProcess.once('exit', run);
    return { pid, sources: { stdout, stderr }, onceEnded };
  } catch (cause) {
    for (const pipe of pipes ?? []) pipe.source.destroy();
    throw new AppError('JOB_SPAWN', `${file} cannot be started: ${spawnReason(cause)}.`, { cause });
  } finally {
    cover?.close();
    for (const pipe of pipes ?? []) closeSync(pipe.writer);
  }
}

function givePipes(pipes: readonly OutputPipe[], { uid, gid }: BoxUser): void {
  for (const { writer } of pipes) fchownSync(writer, uid, gid);
}

/** The system's code and no more: the messages of Node and execa quote arguments, which may be secret. */
function spawnReason(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code === 'ENOENT') return 'there is no such command';
  return code === '' ? 'an argument cannot be passed on' : code;
}

/** Any open file can be a command's output, but execa's types know only the first ten. */
function asOutput(pipe: OutputPipe | undefined): 3 | 'pipe' {
  return pipe === undefined ? 'pipe' : (pipe.writer as 3);
}

/**
 * Ends every process of an earlier attempt; resolves with how many there were. The group is that attempt's
 * only while its leader still has the same start time.
 */
export async function reapOrphans(leader: ProcessMark, { timers }: Ports): Promise<number> {
  assert(leader.mark !== '', 'every attempt has a mark');
  const ownsGroup = String(findProcess(leader.pid)?.start) === leader.start;
  return (await killTree({ leader, ownsGroup, members: [] }, timers)).length;
}
