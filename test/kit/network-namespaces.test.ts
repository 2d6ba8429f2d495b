/*
 * The kit's two boxes and the cable between them.
 *
 * Left out, with the reason in the title, where the machine does not allow namespaces.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { openNetworkPair } from './network-namespaces.ts';

const run = promisify(execFile);
const opening = await openNetworkPair();

test('network pair: where it can not be opened there is a reason', () => {
  if (opening.kind === 'left-out') expect(opening.reason).toMatch(/root|Linux|ip/);
  else expect(opening.pair.left.address).not.toBe(opening.pair.right.address);
});

test.skipIf(opening.kind === 'left-out')(
  `network pair: a cut cable is silence, a mended one answers (${opening.kind === 'left-out' ? opening.reason : 'runs here'})`,
  async () => {
    if (opening.kind === 'left-out') return;
    await using pair = opening.pair;
    const knock = async () => {
      const dial = `const s = require('net').connect(9, '${pair.right.address}');
        s.setTimeout(700, () => { console.log('silence'); s.destroy(); });
        s.on('error', (error) => console.log(error.code));`;
      const [command, ...args] = pair.left.enter([process.execPath, '-e', dial]);
      return (await run(command, args)).stdout.trim();
    };
    expect(await knock()).toBe('ECONNREFUSED');
    await pair.cut();
    expect(await knock()).toBe('silence');
    await pair.mend();
    expect(await knock()).toBe('ECONNREFUSED');
    await pair.close();
    expect((await run('ip', ['netns', 'list'])).stdout).not.toContain(pair.left.name);
  },
);
