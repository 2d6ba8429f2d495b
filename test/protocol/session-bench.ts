/*
 * A session in a test's hand: a host that keeps everything in memory, and far ends that greet.
 */
import type { LeaseInstant } from '../../protocol/machines/renewal.ts';
import type { OutboxRow } from '../../protocol/machines/sender.ts';
import { Session } from '../../protocol/session.ts';
import type { SessionHost, StreamMarks } from '../../protocol/session-host.ts';
import { createLinkPair } from '../../protocol/transports/memory.ts';
import { FakePorts, settle } from './fake-ports.ts';
import { makeHello, ownStore, peerStore, RawPeer } from './raw-peer.ts';

/** Nothing was sent, nothing received. */
export const zero: StreamMarks = { acked: 0, queued: 0, received: 0 };

/** A host that keeps its outbox in memory and applies when told to. */
export class Host implements SessionHost {
  readonly told: string[] = [];
  readonly applied: number[] = [];
  readonly outbox: OutboxRow[] = [];
  marks: StreamMarks = zero;
  mayApply: Promise<unknown> = Promise.resolve();

  describe() {
    return { name: 'alice' };
  }

  async adopt(store: string): Promise<StreamMarks> {
    this.told.push(`adopt ${store.slice(0, 1)}`);
    await settle();
    return this.marks;
  }

  async readOutbox(_store: string, after: number, countMax: number) {
    return this.outbox.filter((row) => row.seq > after).slice(0, countMax);
  }

  async apply(_store: string, rows: readonly OutboxRow[]): Promise<void> {
    await this.mayApply;
    this.applied.push(...rows.map((row) => row.seq));
  }

  acked = (_store: string, through: number) => void this.told.push(`acked ${through}`);
  sent = (row: OutboxRow) => void this.told.push(`sent ${row.seq}`);
  opened = () => void this.told.push('opened');
  /** The wall clock of the peer, and when it was asked for. */
  readonly times: (readonly [wallMs: number, askedAt: number])[] = [];
  timeTold = (wallMs: number, { monotonicMs }: LeaseInstant) =>
    void this.times.push([wallMs, monotonicMs]);
  renewed = () => void this.told.push('renewed');
  countQueued = (): number | undefined => this.queued;
  queued: number | undefined;
  frame = (frame: { readonly t: string }) => void this.told.push(`frame ${frame.t}`);
  presence = (as: string) => void this.told.push(as);
  drained = () => void this.told.push('drained');
  closed = (reason: string) => void this.told.push(`closed ${reason}`);
  trouble = (code: string) => void this.told.push(`trouble ${code}`);
}

/** An agent's session with this host. */
export function makeSession(host: Host, known: string | null = peerStore, store = ownStore) {
  const ports = new FakePorts();
  const identity = { role: 'agent', version: '1', store, incarnation: 4 } as const;
  const load = { read: () => undefined, told: () => undefined };
  const marks = { knownStore: known, marks: host.marks };
  const session = new Session({ host, ports, identity, load, ...marks });
  return { session, ports };
}

/** Attaches a link and gives its far end, greeted. */
export async function greet(session: Session, fields: Parameters<typeof makeHello>[0] = {}) {
  const [link, far] = createLinkPair('a', 'b');
  const ended = session.attach(link);
  const peer = new RawPeer(far);
  peer.say(makeHello(fields));
  // Once for the links, once for an adoption, once for what follows it.
  for (let turn = 0; turn < 3; turn += 1) await settle();
  return { peer, ended };
}

/** Message number so and so. */
export const row = (seq: number): OutboxRow => ({ seq, bytes: Uint8Array.of(0xa1, 0x40 + seq) });

/** So many more messages are on disk. */
export function queue(session: Session, host: Host, count: number): void {
  const rows = Array.from({ length: count }, (_, index) => row(host.outbox.length + 1 + index));
  host.outbox.push(...rows);
  session.queued(session.peerStore ?? peerStore, rows);
}
