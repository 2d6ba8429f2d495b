/*
 * `wally` alone: the cockpit, or the status report where there is no terminal to show it on.
 *
 * The hub is reached, and started if need be, before the terminal is touched; when that fails, the
 * reason is printed on the normal screen. Errors: HUB_*.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError, wrapError } from '../../protocol/errors.ts';
import { boundHeap } from '../../protocol/heap.ts';
import { readConfig } from '../../store/home.ts';
import { emptyHubConfig, findHubHome, readHubConfig } from '../home.ts';
import type { HubClient } from '../hub/client.ts';
import type { HubWay } from '../hub/hub-way.ts';
import type { Program } from '../ports.ts';
import { rebindKeys } from '../tui/keys/rebind.ts';
import { statusVerb } from '../verbs/hub-state.ts';
import { verbs } from '../verbs/registry.ts';
import type { ArtifactRow, StatusShape } from '../verbs/shapes.ts';
import { inspectCockpit } from './doctor/inspect-cockpit.ts';
import { editText } from './edit-text.ts';
import { getArtifact } from './get.ts';
import { handOver } from './hand-over.ts';
import { openHistory } from './history-file.ts';
import { nameOfFolder } from './local-names.ts';
import { openViews } from './open-hubs.ts';
import { chooseStyle } from './style.ts';
import { bringUp } from './up.ts';
import { watchSilence } from './watch-silence.ts';

/** What the screen is opened with. */
export interface ScreenPlan {
  readonly program: Program;
  readonly version: string;
  readonly ways: readonly HubWay[];
}

/** Shows the screen until the M2 leaves it; resolves with the exit status. */
export async function openScreen(
  { program, version, ways }: ScreenPlan,
  form: 'text' | 'json',
): Promise<number> {
  const { client, views } = await openViews(program, ways);
  const isDumb = program.env.TERM === 'dumb';
  if (form === 'json' || !program.isTerminal || isDumb) {
    const { ports, say } = program;
    const stopWatching = watchSilence({ client, timers: ports.timers, say });
    const status = (await client.call('status', {}).finally(stopWatching)) as StatusShape;
    client.close();
    const text =
      form === 'json'
        ? JSON.stringify(status)
        : statusVerb.show(status, chooseStyle(program.isTerminal, program.env.NO_COLOR));
    await program.print(`${text}\n`);
    return 0;
  }
  program.endWithReader();
  // A tenth of the screen's time under a full feed, for a third of its memory.
  boundHeap(0);
  const { runCockpit } = await import('../tui/main.tsx');
  const look = await readLook(program);
  const end = await runCockpit({
    client,
    views,
    fetch: (to, file) => saveFile(to, file, program),
    ports: program.ports,
    stdin: program.stdin,
    stdout: program.stdout,
    savedPath: join(findHubHome(program.env).directory, 'saved'),
    copyHere: (text) => program.copy(text),
    env: { term: program.env.TERM ?? '' },
    inspectCockpit: (only) => inspectCockpit(program, only),
    ...look,
    version,
    verbs,
    handOver: (hub, what) => handOver(program, hub, what),
    editText: (asked) => editText(program, asked),
    startHub: async () => {
      const { hub, isNew } = await bringUp(program, 'hub');
      return isNew ? `the hub is up (pid ${hub.pid})` : 'the hub was up already';
    },
    past: openHistory(findHubHome(program.env).history, program.pid),
  });
  if (end.reason === 'quit') return 0;
  throw new AppError('HUB_UNREACHABLE', end.message);
}

/** Keys and looks. What is wrong with either is said on the screen; it opens all the same. */
async function readLook({ env }: Program) {
  const home = findHubHome(env);
  const keys = await readConfig(home.keys, z.unknown()).catch(wrapProblem);
  const config = await readHubConfig(home).catch(wrapProblem);
  const { keymap, problems } = rebindKeys(keys instanceof AppError ? {} : keys);
  const faults = [keys, config].filter((read) => read instanceof AppError);
  const { screen } = config instanceof AppError ? emptyHubConfig : config;
  const theme = (env.NO_COLOR ?? '') === '' ? screen.theme : 'mono';
  return {
    keymap,
    screen: { theme, hasMouse: screen.mouse, hasBell: screen.bell },
    problems: [
      ...faults.map(({ code, message }) => `${code}: ${message}`),
      ...problems.map((problem) => `KEYS_INVALID: ${home.keys}: ${problem}`),
    ],
  } as const;
}

function wrapProblem(thrown: unknown): AppError {
  return wrapError(thrown, 'CONFIG_INVALID');
}

/**
 * A screen may have been opened anywhere, so files go below its home, each in the directory of its
 * attempt and its place there: two of one name don't meet, and the same one again is the same file.
 */
async function saveFile(client: HubClient, file: ArtifactRow, program: Program): Promise<string> {
  const [job, attempt] = file.attempt.split('.');
  const { directory } = findHubHome(program.env);
  const folder = nameOfFolder(join(directory, 'saved'), file);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const args = { job, attempt, path: file.path, out: `${folder}/`, force: true };
  // Leaving the screen ends the process, and with it the stream and its half file.
  const got = await getArtifact({ client, args, pid: program.pid, onSignal: () => undefined });
  return got.file;
}
