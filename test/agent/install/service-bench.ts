/*
 * A home, a box with fake tools, and the program that `odally service` runs in: for tests of the service.
 *
 * The agent is a small real process behind a real launcher, so that what keeps it running can be
 * seen to do so.
 */
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findRunning, type RunningStatus } from '../../../agent/agent-client.ts';
import { type AgentHome, findAgentHome } from '../../../agent/home.ts';
import { openService, runService, type Service } from '../../../agent/install/service-verb.ts';
import type { Program } from '../../../agent/ports.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import { type BoxTool, type BoxTools, openBoxTools } from '../../kit/box-tools.ts';
import { openHomes } from '../../kit/homes.ts';

/** One box of a test. */
export interface ServiceBench extends AsyncDisposable {
  readonly home: AgentHome;
  readonly userHome: string;
  readonly tools: BoxTools;
  readonly service: Service;
  readonly program: Program;
  /** Puts a file into the home, by which the fake agent is told what to do; without a text it goes. */
  tell(name: string, text?: string): void;
  /** What one of its files says. */
  read(name: string): string;
  running(): Promise<RunningStatus | undefined>;
  /** A whole verb; resolves with its status and what it printed. */
  run(...words: readonly string[]): Promise<{ readonly status: number; readonly text: string }>;
}

/** Makes it, with a paired home. */
export function openServiceBench(
  has: readonly BoxTool[],
  options: { readonly platform?: string; readonly homeName?: string } = {},
): ServiceBench {
  const homes = openHomes();
  const userHome = homes.folder('user');
  const tools = openBoxTools(homes.folder('tools'), has);
  const home = findAgentHome(join(userHome, options.homeName ?? '.odally'));
  layHome(home);
  const printed: string[] = [];
  const program = fakeProgram({
    platform: options.platform ?? 'linux',
    env: { HOME: userHome, PATH: `${tools.bin}:/nowhere`, SHELL: '/bin/sh', LANG: 'C.UTF-8' },
    print: (text) => void printed.push(text),
  });
  const parts = { program, home };
  return {
    ...{ home, userHome, tools, program },
    service: openService(parts),
    tell(name, text) {
      const file = join(home.directory, name);
      if (text === undefined) rmSync(file, { force: true });
      else writeFileSync(file, text);
    },
    read: (name) => readFileSync(join(home.directory, name), 'utf8'),
    running: () => findRunning(home, program.ports.timers),
    async run(...words) {
      printed.length = 0;
      const flags = {
        json: words.includes('--json'),
        dryRun: words.includes('--dry-run'),
        kind: words.find((word) => word.startsWith('--kind='))?.slice('--kind='.length),
      };
      const operands = words.filter((word) => !word.startsWith('--'));
      const status = await runService(parts, operands, flags);
      return { status, text: printed.join('\n') };
    },
    async [Symbol.asyncDispose]() {
      tools.powerOff();
      await homes.close();
    },
  };
}

/** A paired home with a launcher, as an install leaves it. */
function layHome(home: AgentHome): void {
  const agent = fileURLToPath(new URL('fake-agent.ts', import.meta.url));
  const launcher = join(home.directory, 'bin', 'odally');
  mkdirSync(join(home.directory, 'bin'), { recursive: true, mode: 0o700 });
  writeFileSync(launcher, `#!/bin/sh\nexec '${process.execPath}' '${agent}' "$@"\n`);
  chmodSync(launcher, 0o755);
  const pairing = { hub: '0'.repeat(64), name: 'alice', addresses: [], rendezvous: [] };
  writeFileSync(home.pairing, JSON.stringify(pairing));
}

/** The program of a user whom no box has. */
function fakeProgram(own: Pick<Program, 'platform' | 'env' | 'print'>): Program {
  const script = fileURLToPath(new URL('../../../agent/odally.ts', import.meta.url));
  return {
    ports: openSystemPorts(),
    argv: [],
    pid: process.pid,
    nodeVersion: process.versions.node,
    hostname: 'box',
    script,
    guardScript: script.replace('odally.ts', 'odally-guard.ts'),
    supervisorScript: script.replace('odally.ts', 'odally-supervisor.ts'),
    node: process.execPath,
    bytes: () => ({ incoming: process.stdin, outgoing: process.stdout }),
    ...{ uid: 4321, user: 'somebody' },
    say: () => undefined,
    onSignal: () => undefined,
    signal: (pid, name) => void process.kill(pid, name),
    ...own,
  };
}
