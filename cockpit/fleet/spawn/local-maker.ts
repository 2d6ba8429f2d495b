/*
 * The provider `local` at work: agents as processes on this box, each with a home of its own.
 *
 * A box is a directory below `spawned/` of the hub's home, and the agent that runs in it. The directory is
 * there before the agent, and goes after it, so what is listed is what costs. An agent that was ended (the box
 * was rebooted, say) is `stopped` and is started again; its code never stands in an argument.
 * Errors: SPAWN_COMMAND, SPAWN_ENTER, AGENT_*.
 */
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ControlClient } from '../../../protocol/control-client.ts';
import { AppError, hasSystemCode, isErrorCode } from '../../../protocol/errors.ts';
import { isThere } from '../../../protocol/is-there.ts';
import { sleep, type Timers } from '../../../protocol/ports.ts';
import { dialUnix } from '../../../protocol/transports/unix.ts';
import { holdHome } from '../../../store/restore-home.ts';
import {
  type FoundBox,
  type FoundState,
  formatTag,
  formatTagPrefix,
} from '../../manager/spawn-box.ts';
import { agentGoneLookMs, agentGoneMsMax, agentStartMsMax, complaintLettersMax } from './limits.ts';
import type { Maker } from './maker.ts';
import type { ProgramEnd, RunProgram } from './ports.ts';

/** What it is made from. */
export interface LocalMakerParts {
  /** Where the boxes are. */
  readonly directory: string;
  readonly hubKey: string;
  readonly run: RunProgram;
  /** The program that runs an agent, with its first arguments. */
  readonly odally: readonly string[];
  readonly timers: Timers;
  /** Is there such a process? */
  readonly isRunning: (pid: number) => Promise<boolean>;
}

/** Makes it. */
export function openLocalMaker(parts: LocalMakerParts): Maker {
  const { directory, hubKey } = parts;
  const homeOf = (name: string) => join(directory, name);
  return {
    async up({ name }) {
      await mkdir(homeOf(name), { recursive: true, mode: 0o700 });
    },
    list: () => listHomes(directory, hubKey),
    async down({ name }) {
      await stopAgent(parts, homeOf(name));
      await rm(homeOf(name), { recursive: true, force: true });
    },
    async enter({ box, invite, told }) {
      const home = homeOf(box.name);
      // An agent would make its home anew, and be a stranger in it.
      if (!(await isThere(home)))
        throw new AppError('SPAWN_ENTER', `There is no home ${home} any more.`);
      if (!(await isPaired(home))) {
        told('pair the agent');
        await runAgent(parts, {
          home,
          args: ['join', '-', '--only'],
          stdin: `${await invite()}\n`,
        });
      }
      told('start the agent');
      await runAgent(parts, { home, args: ['run', '--background'] }).catch((error: unknown) => {
        if (!(error instanceof AppError) || error.code !== 'AGENT_RUNNING') throw error;
      });
      const { key } = await runAgent(parts, { home, args: ['status'] });
      return String(key);
    },
    leave: async () => undefined,
    describe: ({ name }) => [
      `make the home ${homeOf(name)}`,
      'start an agent in it, and pair it',
      'in the end: stop the agent, and remove the home',
    ],
  };
}

async function listHomes(directory: string, hubKey: string): Promise<readonly FoundBox[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (hasSystemCode(error, 'ENOENT')) return [];
    throw error;
  });
  const prefix = formatTagPrefix(hubKey);
  const plain = names.filter((name) => /^[a-z][a-z0-9-]*$/.test(name));
  return Promise.all(
    plain.map(async (name) => ({
      id: `${prefix}${name}`,
      tag: formatTag(hubKey, name),
      state: await judgeHome(join(directory, name)),
    })),
  );
}

function isPaired(home: string): Promise<boolean> {
  return stat(join(home, 'pairing.json')).then(
    () => true,
    () => false,
  );
}

async function judgeHome(home: string): Promise<FoundState> {
  if (!(await isPaired(home))) return 'ready';
  const client = await dialAgent(home).catch(() => undefined);
  client?.close();
  return client === undefined ? 'stopped' : 'ready';
}

interface AgentCall {
  readonly home: string;
  readonly args: readonly string[];
  readonly stdin?: string;
}

/** What the program of the agent answers. Errors: its own, or SPAWN_ENTER. */
async function runAgent(
  { run, odally }: LocalMakerParts,
  { home, args, stdin }: AgentCall,
): Promise<Readonly<Record<string, unknown>>> {
  const end = await run({
    command: [...odally, ...args, '--json'],
    env: { ODALLY_HOME: home },
    // Its jobs get what `up --local` would give them; what they see of it is the agent's to say.
    passes: 'all',
    timeoutMs: agentStartMsMax,
    ...(stdin === undefined ? {} : { stdin }),
  });
  const answer = readAnswer(end);
  if (end.exitCode === 0) return answer;
  const { code, message } = answer.error as { readonly code: string; readonly message: string };
  throw new AppError(isErrorCode(code) ? code : 'SPAWN_ENTER', message);
}

function readAnswer({ stdout, stderr, isTimedOut }: ProgramEnd): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(stdout) as Record<string, unknown>;
  } catch {
    const said = `${stderr}\n${stdout}`.trim().slice(0, complaintLettersMax);
    const how = isTimedOut ? 'It did not answer in time' : 'It did not come up';
    const error = { code: 'SPAWN_ENTER', message: `The agent: ${how}. ${said}` };
    return { error };
  }
}

/** One that does not run is stopped already. Errors: SPAWN_COMMAND for one that does not end. */
async function stopAgent({ timers, isRunning }: LocalMakerParts, home: string): Promise<void> {
  const client = await dialAgent(home).catch(() => undefined);
  if (client === undefined) return expectUnowned(home);
  const late = sleep(timers, agentGoneMsMax).then(() => undefined);
  const answer = await Promise.race([client.call('stop', {}), late]).finally(() => client.close());
  const pid = (answer as { readonly pid?: number } | undefined)?.pid;
  for (let waitedMs = 0; pid !== undefined && waitedMs < agentGoneMsMax; ) {
    if (!(await isRunning(pid))) return;
    await sleep(timers, agentGoneLookMs);
    waitedMs += agentGoneLookMs;
  }
  throw new AppError('SPAWN_COMMAND', `The agent in ${home} does not end.`);
}

/** An agent whose socket is gone owns its store all the same. Errors: SPAWN_COMMAND where one does. */
async function expectUnowned(home: string): Promise<void> {
  const wish = { store: join(home, 'store'), isAnswered: false, busy: 'SPAWN_COMMAND' } as const;
  const held = await holdHome(wish).catch((cause: unknown) => {
    const message = `Somebody owns the store in ${home} and does not answer: end it first.`;
    throw new AppError('SPAWN_COMMAND', message, { cause });
  });
  await held?.release();
}

async function dialAgent(home: string): Promise<ControlClient> {
  return new ControlClient(await dialUnix(join(home, 'odally.sock')), 'AGENT_UNREACHABLE');
}
