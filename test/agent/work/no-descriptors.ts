/*
 * A program without a free descriptor, run as a process of its own by a test: it starts what an agent
 * starts at any time, and prints what came of it. Whatever is thrown past everybody ends it.
 */
import { openSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { openGuards } from '../../../agent/guard/guard-process.ts';
import { DirectoryLooks } from '../../../agent/work/directory-looks.ts';
import { openShell } from '../../../agent/work/terminal.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';

const ports = openSystemPorts();
const said: string[] = [];

try {
  for (;;) openSync('/dev/null', 'r');
} catch {
  said.push('full');
}

const scene = {
  ...{ directory: '/', trees: '/none', ports, baseEnv: { HOME: '/', SHELL: '/bin/sh' } },
  looks: new DirectoryLooks(ports.timers),
};
const order = { mark: 'm/1', columns: 80, rows: 24, term: 'xterm', take: (): 'more' => 'more' };
await openShell(scene, order).catch((error: { code: string }) => said.push(error.code));

const guards = openGuards({
  script: '/none',
  node: process.execPath,
  directory: '/none',
  home: '/none',
  graceMs: 1,
  env: {},
});
const guard = guards.open({
  tick: () => undefined,
  ended: () => undefined,
  gone: () => said.push('guard gone'),
});
const isSaid = await guard.state({ from: { monotonicMs: 0, uptimeMs: 0 }, rows: [] });
said.push(`guard told: ${isSaid}`);
guard.close();
guard.kill();
await wait(50);
process.stdout.write(said.join(', '));
