/*
 * A box of the provider `local` is never taken away from under an agent that lives.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openLocalMaker } from '../../../../cockpit/fleet/spawn/local-maker.ts';
import { openHomes } from '../../../kit/homes.ts';
import { FakePorts } from '../../../protocol/fake-ports.ts';

const writer = fileURLToPath(new URL('../../../store/level-writer.ts', import.meta.url));

test('local: no agent is started where the home is gone, so none makes it anew as a stranger', async () => {
  const homes = openHomes();
  const maker = openLocalMaker({
    ...{ directory: homes.folder('spawned'), hubKey: 'aa'.repeat(32), odally: ['odally'] },
    run: () => Promise.reject(new Error('nothing is to be run')),
    timers: new FakePorts().timers,
    isRunning: async () => false,
  });
  const box = { name: 'bob', tag: 'bob', id: 'bob' };
  const invite = () => Promise.reject(new Error('nobody is to be invited'));
  const entering = maker.enter({ box, invite, told: () => undefined });
  await expect(entering).rejects.toMatchObject({ code: 'SPAWN_ENTER' });
  await homes.close();
});

test('local: an agent whose socket is gone and that still owns its store keeps its home', async () => {
  const homes = openHomes();
  const directory = homes.folder('spawned');
  const maker = openLocalMaker({
    ...{ directory, hubKey: 'aa'.repeat(32), odally: ['odally'] },
    run: () => Promise.reject(new Error('nothing is to be run')),
    timers: new FakePorts().timers,
    isRunning: async () => false,
  });
  const home = join(directory, 'bob');
  await mkdir(home);
  const owner = spawn(process.execPath, [writer, join(home, 'store')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(owner.stdout, 'data');
  const box = { name: 'bob', id: 'bob' };
  await expect(maker.down(box as never)).rejects.toMatchObject({ code: 'SPAWN_COMMAND' });
  expect(existsSync(join(home, 'store'))).toBe(true);
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  await maker.down(box as never);
  expect(existsSync(home)).toBe(false);
  await homes.close();
});
