/*
 * What the screen bench runs: a hub that only talks, our cockpit before it, and a bare Ink program.
 *
 * The bare program is bundled as ours is, for what Node loads unbundled starts later. Everything
 * started here is ended by `close`.
 */
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from '../../.config/build.ts';
import { ControlClient } from '../../protocol/control-client.ts';
import { dialUnix } from '../../protocol/transports/unix.ts';
import { FrameWatch } from '../kit/frame-watch.ts';
import { openHomes } from '../kit/homes.ts';
import { locateProgram, startScript } from '../kit/processes.ts';
import { type OpenTerminal, openTerminal } from '../kit/terminal.ts';
import { screenFeed, screenSize } from './limits.ts';
import { OutputCount } from './output-count.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const hubFile = fileURLToPath(new URL('peers/screen-hub.ts', import.meta.url));

/** A program on a terminal, and what it has written there. */
export interface Seen {
  readonly terminal: OpenTerminal;
  readonly output: OutputCount;
  readonly frames: FrameWatch;
}

/** The scene; the feed is off at first. */
export interface ScreenScene extends AsyncDisposable {
  openCockpit(): Seen;
  openBare(): Seen;
  /** Starts or stops what the hub says. */
  feed(change: { readonly isOn: boolean }): Promise<void>;
}

/** Builds the bare program and starts the hub. */
export async function openScene(): Promise<ScreenScene> {
  const homes = openHomes();
  try {
    const bare = homes.folder('bare');
    await build({
      root,
      entries: { 'bare-ink': 'test/bench/peers/bare-ink.ts' },
      inputs: [],
      outDirectory: relative(root, join(bare, 'dist')),
    });
    const env = homes.hub();
    const socket = join(env.WALLY_HOME ?? '', 'hub.sock');
    const { workers, linesASecond } = screenFeed;
    const args = [socket, String(workers), String(linesASecond)];
    const hub = startScript({ file: hubFile, args, env: {}, timeoutMs: 2 ** 30 });
    await hub.until(/ready/);
    const client = new ControlClient(await dialUnix(socket), 'HUB_UNREACHABLE');
    return {
      openCockpit: () => open(locateProgram('wally'), env),
      openBare: () => open(join(bare, 'dist', 'bare-ink.js'), {}),
      async feed(change) {
        await client.call('bench feed', change);
      },
      async [Symbol.asyncDispose]() {
        client.close();
        await hub.close();
        await homes.close();
      },
    };
  } catch (error) {
    await homes.close();
    throw error;
  }
}

function open(file: string, env: Readonly<Record<string, string>>): Seen {
  const output = new OutputCount();
  const frames = new FrameWatch(screenSize);
  const onOutput = (text: string) => {
    output.take(text);
    frames.take(text);
  };
  const program = { command: process.execPath, args: [file], env, cwd: '/' };
  return { terminal: openTerminal({ ...program, ...screenSize, onOutput }), output, frames };
}
