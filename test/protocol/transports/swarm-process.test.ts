/*
 * The swarm transport as a process has it: it lets go of everything, and its topic is fixed.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { keyPairFromSeed } from '../../../protocol/identity.ts';
import { hubTopic } from '../../../protocol/transports/rendezvous.ts';

test('swarm end: a hub, an agent, a failed dial and a bad host leave a process free to exit', async () => {
  const script = `
    import { createKeyPair } from './protocol/identity.ts';
    import { openSystemPorts } from './protocol/ports.ts';
    import { openAgentSwarm, openHubSwarm } from './protocol/transports/swarm.ts';
    const ports = openSystemPorts();
    const keyPair = createKeyPair(ports.random);
    const plan = { keyPair, port: 0, rendezvousPort: 0, admits: () => true, accept() {}, ports };
    const hub = await openHubSwarm({ ...plan, host: '127.0.0.1' });
    const agent = await openAgentSwarm({ ports });
    const dial = { hubKey: 'ab'.repeat(32), keyPair, addresses: [hub.address], timeoutMs: 300 };
    const failed = await agent.dial(dial).catch((error) => error.code);
    const refused = await openHubSwarm({ ...plan, host: '192.0.2.1' }).catch((error) => error.code);
    await Promise.all([agent.close(), hub.close()]);
    await hub.close();
    process.stdout.write(failed + ' ' + refused);
  `;
  const run = promisify(execFile);
  const args = ['--no-warnings', '--input-type=module', '-e', script];
  const { stdout } = await run(process.execPath, args, { timeout: 15_000 });
  expect(stdout).toBe('LINK_TIMEOUT HUB_START');
});

test('hub topic: it depends on the key and is not the key', () => {
  const one = keyPairFromSeed(new Uint8Array(32).fill(1)).publicKey;
  const two = keyPairFromSeed(new Uint8Array(32).fill(2)).publicKey;
  expect(hubTopic(one)).toEqual(hubTopic(one));
  expect(hubTopic(one)).not.toEqual(hubTopic(two));
  expect(hubTopic(one)).toHaveLength(32);
});
