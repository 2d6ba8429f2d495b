/*
 * A throw-away box's systemctl, loginctl, launchctl and crontab: on PATH, recording and behaving.
 *
 * They keep their state in a folder: units are started, restarted and stopped for real, lingering is a
 * file, a crontab another. What a test wants refused it says by a file of that name. `box-tool.sh` is
 * what they do, `box-runner.ts` what they start.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The tools that can be faked. */
export type BoxTool = 'systemctl' | 'loginctl' | 'launchctl' | 'crontab';

/** One box's tools. */
export interface BoxTools {
  /** To be the first folder of PATH. */
  readonly bin: string;
  /** What was called so far, a line each. */
  calls(): readonly string[];
  /** The crontab as it is; undefined where there is none. */
  crontab(): string | undefined;
  /** Makes a tool refuse: `no-manager` (systemd of the user), `no-linger` (switching it on). */
  refuse(what: 'no-manager' | 'no-linger'): void;
  allow(what: 'no-manager' | 'no-linger'): void;
  setLinger(is: 'yes' | 'no'): void;
  setCrontab(text: string): void;
  /** Ends what the tools keep running, as a box that loses power would. */
  powerOff(): void;
}

/** Makes these tools in a folder of the test's own. */
export function openBoxTools(folder: string, tools: readonly BoxTool[]): BoxTools {
  const bin = join(folder, 'bin');
  const state = join(folder, 'state');
  for (const path of [bin, state]) mkdirSync(path, { recursive: true });
  const script = fileURLToPath(new URL('box-tool.sh', import.meta.url));
  for (const tool of tools) {
    const file = join(bin, tool);
    const words = [script, process.execPath, state, tool].map((word) => `'${word}'`).join(' ');
    writeFileSync(file, `#!/bin/sh\nexec /bin/sh ${words} "$@"\n`);
    chmodSync(file, 0o755);
  }
  const path = (name: string) => join(state, name);
  const read = (name: string) =>
    existsSync(path(name)) ? readFileSync(path(name), 'utf8') : undefined;
  return {
    bin,
    calls: () => (read('calls') ?? '').split('\n').filter((line) => line !== ''),
    crontab: () => read('crontab'),
    refuse: (what) => writeFileSync(path(what), ''),
    allow: (what) => rmSync(path(what), { force: true }),
    setLinger: (is) => writeFileSync(path('linger'), is),
    setCrontab: (text) => writeFileSync(path('crontab'), text),
    powerOff() {
      for (const line of (read('runners') ?? '').split('\n')) {
        const pid = Number(line);
        if (pid > 0) killGroup(pid);
      }
    },
  };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
}
