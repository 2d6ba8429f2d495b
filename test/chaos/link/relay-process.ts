/*
 * The relay as a process of its own: datagrams between agents and the hub, made worse on the way.
 *
 * It has its own process so that what it costs is not taken from the hub. Each link has one port
 * that its agent dials, and towards the hub one socket for each socket of the agent, so that the
 * hub sees as many peers as there are. It ends when its parent's channel does.
 * Invariant: loopback only.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createChance } from '../../sim/chance.ts';
import { Line } from './line.ts';
import type { RelayAnswer, RelayQuestion } from './message.ts';

const loopback = '127.0.0.1';

/** Sockets of agents that one link remembers: each restart of an agent makes a few. */
const flowsMax = 64;

/** Due datagrams are looked for this often; a timer each would cost more than the carrying. */
const turnMs = 2;

interface Due {
  readonly at: number;
  readonly send: () => void;
}

interface LinkState {
  readonly door: Socket;
  readonly up: Line;
  readonly down: Line;
  /** Port of the agent's socket → our socket towards the hub. */
  readonly flows: Map<number, Socket>;
}

const chance = createChance(Number(process.argv[2] ?? 1));
const links = new Map<string, LinkState>();
let hubPort = 0;
let dues: Due[] = [];

setInterval(sendDue, turnMs);
process.on('disconnect', () => process.exit(0));
process.on('message', (message) => void answer(message as RelayQuestion & { id: number }));

async function answer(question: RelayQuestion & { readonly id: number }): Promise<void> {
  const fail = (thrown: unknown) => ({ error: String(thrown) });
  const said: RelayAnswer = { id: question.id, ...(await act(question).catch(fail)) };
  process.send?.(said);
}

async function act(question: RelayQuestion): Promise<Omit<RelayAnswer, 'id'>> {
  if (question.do === 'open') return { port: await openLink(question) };
  if (question.do === 'aim') {
    ({ hubPort } = question);
    return {};
  }
  const link = links.get(question.name);
  if (link === undefined) throw new Error(`no link ${question.name}`);
  if (question.do === 'count') return { up: link.up.counts, down: link.down.counts };
  link.up.shape = question.shape.up;
  link.down.shape = question.shape.down;
  return {};
}

async function openLink(question: Extract<RelayQuestion, { do: 'open' }>): Promise<number> {
  ({ hubPort } = question);
  const door = await bind();
  const link: LinkState = {
    door,
    up: new Line(chance.fork()),
    down: new Line(chance.fork()),
    flows: new Map(),
  };
  links.set(question.name, link);
  door.on('message', (bytes, from) => void forward(link, bytes, from.port));
  return door.address().port;
}

async function forward(link: LinkState, bytes: Buffer, agentPort: number): Promise<void> {
  const flow = link.flows.get(agentPort) ?? (await openFlow(link, agentPort));
  carry(link.up, bytes, () => flow.send(bytes, hubPort, loopback));
}

async function openFlow(link: LinkState, agentPort: number): Promise<Socket> {
  const flow = await bind();
  const known = link.flows.get(agentPort);
  // Two datagrams may have come while the socket was bound.
  if (known !== undefined) {
    flow.close();
    return known;
  }
  link.flows.set(agentPort, flow);
  flow.on('message', (bytes) => {
    carry(link.down, bytes, () => link.door.send(bytes, agentPort, loopback));
  });
  const [oldest] = link.flows.keys();
  if (link.flows.size > flowsMax && oldest !== undefined) {
    link.flows.get(oldest)?.close();
    link.flows.delete(oldest);
  }
  return flow;
}

function carry(line: Line, bytes: Buffer, send: () => void): void {
  const nowMs = performance.now();
  for (const at of line.plan(bytes.length, nowMs)) {
    if (at <= nowMs) sendSafely(send);
    else dues.push({ at, send });
  }
}

function sendDue(): void {
  if (dues.length === 0) return;
  const nowMs = performance.now();
  const due = dues.filter(({ at }) => at <= nowMs);
  if (due.length === 0) return;
  dues = dues.filter(({ at }) => at > nowMs);
  due.sort((a, b) => a.at - b.at);
  for (const { send } of due) sendSafely(send);
}

/** A socket that was closed meanwhile loses what it had, as a net does. */
function sendSafely(send: () => void): void {
  try {
    send();
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ERR_SOCKET_DGRAM_NOT_RUNNING') throw thrown;
  }
}

async function bind(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
  // A port of loopback that nobody listens on answers with an error; on a real net nothing comes.
  socket.on('error', () => undefined);
  socket.bind(0, loopback);
  await once(socket, 'listening');
  return socket;
}
