/*
 * A cockpit's home and terminal for its checks: real files, and a real tmux where there is one.
 */
import { chmod } from 'node:fs/promises';
import { cockpitSections } from '../../../../cockpit/cli/doctor/cockpit-sections.ts';
import { findHubHome, type HubHome } from '../../../../cockpit/home.ts';
import type { CockpitFacts } from '../../../../cockpit/tui/state/terminal-checks.ts';
import { runDoctor } from '../../../../protocol/doctor-run.ts';
import { openSystemPorts } from '../../../../protocol/ports.ts';
import { openBox, runFix } from '../../../../store/doctor/box.ts';
import type { Patient } from '../../../kit/doctor-trial.ts';
import { createDirectory } from '../../../store/place.ts';
import { fakeTerminalFacts } from '../../tui/fake-hub.ts';

/** What a test may break. */
export interface CockpitPatient extends Patient {
  readonly home: HubHome;
  /** How its terminal is found from now on. */
  look: () => Promise<CockpitFacts | null>;
  /** The environment in which programs are run. */
  env: Readonly<Record<string, string | undefined>>;
}

/** The facts of a terminal that lacks nothing. */
export const soundTerminal: CockpitFacts = { ...fakeTerminalFacts, columns: 120, rows: 40 };

/** A sound one. */
export async function openCockpitPatient(): Promise<CockpitPatient> {
  const { path, remove } = await createDirectory();
  await chmod(path, 0o700);
  const home = findHubHome({ WALLY_HOME: path });
  const ports = openSystemPorts();
  const patient: CockpitPatient = {
    home,
    look: async () => soundTerminal,
    env: process.env,
    diagnose: (wish) => {
      const box = openBox(patient.env);
      const context = {
        ...{ home, box, ports, nowMs: Date.now() },
        findTerminal: () => patient.look(),
        setTmux: (words: readonly string[]) => runFix(box, ['tmux', 'set', ...words]),
      };
      const open = async () => ({ context, close: async () => undefined });
      return runDoctor({ sections: cockpitSections, open, ports, noticed: () => undefined }, wish);
    },
    close: remove,
  };
  return patient;
}
