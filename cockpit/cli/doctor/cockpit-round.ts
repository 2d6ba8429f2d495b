/*
 * What the sections of the cockpit's doctor are given, and its fixes: the M2's own files and terminal.
 *
 * They are the asker's, so they are looked at in the asker's process, whichever hub was asked.
 */
import type { Round } from '../../../protocol/doctor-run.ts';
import type { Ports } from '../../../protocol/ports.ts';
import { type Box, runFix } from '../../../store/doctor/box.ts';
import { findHubHome, type HubHome } from '../../home.ts';
import type { Program } from '../../ports.ts';
import type { CockpitFacts, TmuxWorld } from '../../tui/state/terminal-checks.ts';
import { inspectTerminal } from '../inspect-terminal.ts';

/** What they may ask and touch. */
export interface CockpitRound extends TmuxWorld {
  readonly home: HubHome;
  readonly box: Box;
  readonly ports: Ports;
  /** Wall milliseconds at its beginning. */
  readonly nowMs: number;
  /** Null where there is no terminal. */
  readonly findTerminal: () => Promise<CockpitFacts | null>;
}

/** Begins a round. */
export async function openCockpitRound(program: Program): Promise<Round<CockpitRound>> {
  const { env, ports, stdout, isTerminal } = program;
  const box = await program.openBox();
  const context: CockpitRound = {
    home: findHubHome(env),
    box,
    ports,
    nowMs: ports.clock.wallMs(),
    setTmux: (words) => runFix(box, ['tmux', 'set', ...words]),
    findTerminal: async () => {
      if (!isTerminal) return null;
      const { columns, rows } = stdout;
      return { ...(await inspectTerminal(program)), columns, rows };
    },
  };
  return { context, close: async () => undefined };
}
