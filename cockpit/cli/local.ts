/*
 * The verbs that run in this process because the hub may not: up, down and what is done to a home at rest.
 *
 * `up --foreground` is the hub itself; `up` starts that in the background and waits until it
 * answers. Errors: HUB_*, AGENT_*, HOME_UNWRITABLE, CONFIG_INVALID.
 */
import { reportFailure, reportReady } from '../../protocol/daemon.ts';
import { wrapError } from '../../protocol/errors.ts';
import { boundHeap } from '../../protocol/heap.ts';
import { youngHeapBytesMax } from '../../protocol/limits.ts';
import { noticeDeadHome } from '../../store/doctor/dead-home.ts';
import { findHubHome } from '../home.ts';
import { startHub } from '../hub/program.ts';
import type { Program } from '../ports.ts';
import type { LocalAnswer, LocalVerb } from './local-verb.ts';
import { rendezvousVerb } from './rendezvous.ts';
import { repairVerb } from './repair.ts';
import { restoreVerb } from './restore.ts';
import { bringDown, bringUp } from './up.ts';

/** Starts the hub, and with `--local` an odally beside it. */
const upVerb: LocalVerb = {
  name: 'up',
  summary: 'start the hub in the background',
  operands: [],
  flags: {
    local: { help: 'and one odally on this box' },
    foreground: { help: 'stay, with the log on stderr' },
  },
  async run(program, { local, foreground }, version) {
    if (foreground === true) return runForeground(program, version);
    const up = await bringUp(program, local === true ? 'hub-and-local' : 'hub');
    const words = [
      `The hub ${up.isNew ? 'is up' : 'was up already'} (pid ${up.hub.pid}, ${up.hub.address}).`,
    ];
    if (up.local !== null) words.push(`${up.local} is here.`);
    return { value: up, show: () => words.join(' ') };
  },
};

/** Stops them again. */
const downVerb: LocalVerb = {
  name: 'down',
  summary: 'stop the hub and the local odally',
  operands: [],
  flags: {},
  async run(program) {
    const down = await bringDown(program);
    return { value: down, show: () => `hub: ${down.hub}; local odally: ${down.local}` };
  },
};

/** In the order of the help. */
export const localVerbs: readonly LocalVerb[] = [
  upVerb,
  downVerb,
  rendezvousVerb,
  restoreVerb,
  repairVerb,
];

async function runForeground(program: Program, version: string): Promise<LocalAnswer> {
  const { ports } = program;
  const noticed = (line: string) =>
    program.say(`${new Date(ports.clock.wallMs()).toISOString()} ${line}`);
  try {
    const home = findHubHome(program.env);
    boundHeap(youngHeapBytesMax);
    await noticeDeadHome(home.directory, { ...ports, box: await program.openBox() }, noticed);
    const running = await startHub({
      home,
      ports,
      version,
      pid: program.pid,
      box: await program.openBox(),
      noticed,
    });
    program.onSignal((signal) => {
      noticed(`stopping on ${signal}`);
      void running.stop();
    });
    reportReady();
    const failure = await running.hub.ended;
    await running.stop();
    if (failure !== undefined) throw failure;
    noticed('stopped');
    return { value: { stopped: true }, show: () => '' };
  } catch (thrown) {
    const error = wrapError(thrown, 'HUB_START');
    reportFailure(error);
    throw error;
  }
}
