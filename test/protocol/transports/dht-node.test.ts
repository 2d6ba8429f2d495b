/*
 * The nodes under the swarm: what is asked of the system for their sockets.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { loadSwarmPackages, openNode, widenSocket } from '../../../protocol/transports/dht-node.ts';
import { udpBufferBytes } from '../../../protocol/transports/limits.ts';

test('swarm node: its sockets have as much room for waiting packets as the system gives', async () => {
  const plain = createSocket('udp4').bind(0, '127.0.0.1');
  await once(plain, 'listening');
  const usual = plain.getRecvBufferSize();
  plain.setRecvBufferSize(udpBufferBytes);
  const most = plain.getRecvBufferSize();
  plain.close();
  const address = { host: '127.0.0.1', port: 0 };
  const packages = await loadSwarmPackages();
  const node = await openNode(packages, { address, rendezvous: [], reach: 'open' });
  const { serverSocket, clientSocket } = node.io;
  const given = [serverSocket.getRecvBufferSize(), clientSocket.getRecvBufferSize()];
  await node.destroy({ force: true });
  expect(most).toBeGreaterThanOrEqual(usual);
  expect(given).toEqual([most, most]);
});

test('swarm node: a system that refuses so much is asked for less', () => {
  let bytes = 65_536;
  const asked: number[] = [];
  const setRecvBufferSize = (wanted: number) => {
    asked.push(wanted);
    if (wanted > 300_000) throw new Error('ENOBUFS');
    bytes = wanted;
  };
  widenSocket({ getRecvBufferSize: () => bytes, setRecvBufferSize });
  expect(bytes).toBe(262_144);
  expect(asked).toEqual([4_194_304, 2_097_152, 1_048_576, 524_288, 262_144]);
});

test('swarm node: a system that refuses all leaves the socket as it is', () => {
  const refuse = () => {
    throw new Error('ENOBUFS');
  };
  expect(() =>
    widenSocket({ getRecvBufferSize: () => 200_000, setRecvBufferSize: refuse }),
  ).not.toThrow();
});
