/*
 * `wally rendezvous`: nodes over which hubs and agents behind NATs find each other, and a relay, until a signal.
 *
 * It needs no hub and no home but for the relay's key, which must stay the same. It prints what belongs into the
 * hub's config. Errors: RENDEZVOUS_START, USAGE_ARGUMENT, HOME_SILENT, HOME_UNWRITABLE, KEY_INVALID.
 */
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { AppError } from '../../protocol/errors.ts';
import { loadOrCreateIdentity } from '../../protocol/identity.ts';
import type { RelayPlace } from '../../protocol/reach.ts';
import { type Address, formatAddress } from '../../protocol/transports/address.ts';
import { openRendezvousNodes } from '../../protocol/transports/rendezvous-nodes.ts';
import { openHome } from '../../store/home.ts';
import { findHubHome } from '../home.ts';
import type { Program } from '../ports.ts';
import { assertAnswers } from './connect.ts';
import type { LocalVerb } from './local-verb.ts';

/** UDP port of the first node. Source: that of hyperdht. */
const portDefault = 49_737;

/** Hole punching needs three nodes; on one box they may be. Source: transport facts B2, B4. */
const nodeCountDefault = 3;
const nodeCountMax = 8;

/** Runs a rendezvous in the foreground. */
export const rendezvousVerb: LocalVerb = {
  name: 'rendezvous',
  summary: 'run a rendezvous for hubs and agents behind NATs, until ctrl-c',
  operands: [],
  flags: {
    host: { value: 'IP', help: 'the IPv4 address at which others reach this box (127.0.0.1)' },
    port: { value: 'N', help: `UDP port of the first node; the others follow (${portDefault})` },
    nodes: { value: 'N', help: `how many nodes; hole punching needs 3 (${nodeCountDefault})` },
    relay: { help: 'and a blind relay, for who can’t punch a hole' },
  },
  async run(program, args) {
    const { host = '127.0.0.1', relay } = args;
    if (typeof host !== 'string' || !isIPv4(host)) {
      throw new AppError('USAGE_ARGUMENT', 'rendezvous: --host is an IPv4 address.');
    }
    const port = readCount('--port', args.port ?? portDefault, 65_000);
    const nodeCount = readCount('--nodes', args.nodes ?? nodeCountDefault, nodeCountMax);
    const relayKeyPair = relay === true ? await loadRelayKey(program) : undefined;
    const plan = { host, port, nodeCount, ...(relayKeyPair === undefined ? {} : { relayKeyPair }) };
    const opened = await openRendezvousNodes(plan);
    const ended = new Promise<void>((resolve) => program.onSignal(() => resolve()));
    const config = describeConfig(opened.nodes, opened.relay);
    const said = { nodes: opened.nodes, relay: opened.relay ?? null, config };
    await program.print(program.argv.includes('--json') ? JSON.stringify(said) : config);
    program.say('It runs until ctrl-c. These lines belong into the config.toml of the hub.');
    await ended;
    await opened.close();
    return { value: { stopped: true }, show: () => '' };
  },
};

function readCount(flag: string, given: unknown, max: number): number {
  const count = Number(given);
  if (Number.isInteger(count) && count >= 1 && count <= max) return count;
  throw new AppError('USAGE_ARGUMENT', `rendezvous: ${flag} is a whole number from 1 to ${max}.`);
}

async function loadRelayKey(program: Program) {
  const { directory } = findHubHome(program.env);
  await assertAnswers(program, directory);
  await openHome(directory);
  return loadOrCreateIdentity(join(directory, 'relay.key'), program.ports.random);
}

function describeConfig(nodes: readonly Address[], relay: RelayPlace | undefined): string {
  const places = nodes.map((node) => `"${formatAddress(node)}"`).join(', ');
  const lines = ['[swarm]', `rendezvous = [${places}]`];
  if (relay !== undefined) lines.push(`relay = "${relay.key}@${formatAddress(relay)}"`);
  return lines.join('\n');
}
