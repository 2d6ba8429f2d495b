/*
 * Two sessions over links that come while others are there, some slower than others: nothing is lost, doubled or held
 * to be forgotten.
 */
import { expect, test } from 'vitest';
import { Session } from '../../protocol/session.ts';
import { Delivery } from '../../protocol/transports/delivery.ts';
import type { Link, LinkHandlers } from '../../protocol/transports/link.ts';
import { type Chance, createChance } from '../sim/chance.ts';
import { FakePorts } from './fake-ports.ts';
import { ownStore, peerStore } from './raw-peer.ts';
import { Host, queue, zero } from './session-bench.ts';

/** One end of a link whose frames come in order, each after its delay. */
class SlowLink implements Link {
  readonly carrier = 'memory';
  readonly peerKey = 'a';
  arrivedBytes = 0;
  peer: SlowLink | undefined;
  readonly #ports: FakePorts;
  readonly #drawMs: () => number;
  readonly #delivery = new Delivery();
  #lastAt = 0;

  constructor(ports: FakePorts, drawMs: () => number) {
    this.#ports = ports;
    this.#drawMs = drawMs;
  }

  open(handlers: LinkHandlers): void {
    this.#delivery.open(handlers);
  }

  send(bytes: Uint8Array): 'sent' {
    const copy = bytes.slice();
    if (!this.#delivery.isEnded) this.#later((peer) => peer.#delivery.frame(copy));
    return 'sent';
  }

  close(reason: string): void {
    if (!this.#delivery.isEnded) this.#later((peer) => peer.#delivery.end('closed by peer'));
    this.#delivery.close(reason);
  }

  #later(act: (peer: SlowLink) => void): void {
    this.#lastAt = Math.max(this.#lastAt, this.#ports.nowMs + this.#drawMs());
    const { peer } = this;
    if (peer === undefined) return;
    this.#ports.timers.after(this.#lastAt - this.#ports.nowMs, () => act(peer));
  }
}

interface End {
  readonly host: Host;
  readonly session: Session;
}

function makeEnd(ports: FakePorts, role: 'hub' | 'agent', store: string): End {
  const host = new Host();
  const identity = { role, version: '1', store, incarnation: 1 };
  const load = { read: () => undefined, told: () => undefined };
  const session = new Session({ host, ports, identity, load, knownStore: null, marks: zero });
  return { host, session };
}

/** What one seed does: links that come by chance, each with a pace of its own, and messages in both directions. */
async function play(chance: Chance) {
  const ports = new FakePorts();
  const hub = makeEnd(ports, 'hub', ownStore);
  const agent = makeEnd(ports, 'agent', peerStore);
  let overtakenCount = 0;
  const noteEnd = (reason: string) => {
    if (reason === 'overtaken') overtakenCount += 1;
  };
  const dial = (baseMs: number) => {
    const drawMs = () => baseMs + (chance.happens(0.15) ? chance.int(0, 400) : chance.int(0, 5));
    const [near, far] = [new SlowLink(ports, drawMs), new SlowLink(ports, drawMs)];
    [near.peer, far.peer] = [far, near];
    void agent.session.attach(near).then(noteEnd);
    ports.timers.after(drawMs(), () => void hub.session.attach(far).then(noteEnd));
  };
  dial(5);
  await ports.advance(500);
  for (let turn = 0; turn < 300; turn += 1) {
    if (chance.happens(0.5)) queue(hub.session, hub.host, 1);
    if (chance.happens(0.5)) queue(agent.session, agent.host, 1);
    if (chance.happens(0.03)) dial(chance.int(2, 60));
    await ports.advance(chance.int(5, 25));
  }
  for (let turn = 0; turn < 4; turn += 1) {
    if (agent.session.connection === undefined) dial(3);
    await ports.advance(2000);
  }
  for (const { session } of [hub, agent]) session.stop('over');
  return { hub: hub.host, agent: agent.host, overtakenCount };
}

test('many links: what comes over any of them comes once and in order, and no peer seems to have gone back', async () => {
  let overtakenCount = 0;
  for (let seed = 1; seed <= 20; seed += 1) {
    const seen = await play(createChance(seed));
    const { hub, agent } = seen;
    overtakenCount += seen.overtakenCount;
    const troubles = [...hub.told, ...agent.told].filter((line) => line.startsWith('trouble'));
    expect(troubles, `seed ${seed}`).toEqual([]);
    expect(hub.applied, `seed ${seed}`).toEqual(agent.outbox.map(({ seq }) => seq));
    expect(agent.applied, `seed ${seed}`).toEqual(hub.outbox.map(({ seq }) => seq));
  }
  // Otherwise it shows nothing.
  expect(overtakenCount).toBeGreaterThan(0);
});
