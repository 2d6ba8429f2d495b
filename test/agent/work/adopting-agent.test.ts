/*
 * What runs when the hub speaks from another store belongs to somebody until it is gone, though the agent is killed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findProcess } from '../../../agent/work/process-table.ts';
import { signalGroup } from '../../../agent/work/reaper.ts';
import { createDirectory } from '../../store/place.ts';

const program = join(import.meta.dirname, 'adopting-agent.ts');

test.runIf(process.platform === 'linux')(
  'adopt: work in its grace is ended by the next start, where the agent was killed meanwhile',
  async () => {
    const { path, remove } = await createDirectory();
    onTestFinished(remove);
    const agent = spawn(process.execPath, [program, 'give-up', path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void agent.kill('SIGKILL'));
    const [said] = (await once(agent.stdout, 'data')) as [Buffer];
    const { pid } = JSON.parse(said.toString()) as { pid: number };
    onTestFinished(() => void signalGroup(pid, 'SIGKILL'));
    agent.kill('SIGKILL');
    await once(agent, 'exit');
    expect(findProcess(pid)).toBeDefined();
    const next = spawnSync(process.execPath, [program, 'start', path], { encoding: 'utf8' });
    expect([next.stderr, next.stdout]).toEqual(['', 'started']);
    const left = findProcess(pid);
    expect(left === undefined || left.isZombie).toBe(true);
  },
);
