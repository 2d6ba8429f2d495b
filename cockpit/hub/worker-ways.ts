/*
 * The ladders of all workers: performs what they ask for, and says by which way each is linked.
 *
 * Sessions tell it of links that open and end; it opens ssh and gives that up again. Every change of the word
 * is an event of the journal with its reason. It owns the processes of ssh: at most one a worker, a few being
 * opened at once. It never decides which link counts; the session does. Invariant: after `stop` none is left.
 */
import { Alarm } from '../../protocol/alarm.ts';
import type { PeerKey } from '../../protocol/model.ts';
import type { Carrier } from '../../protocol/transports/link.ts';
import {
  explainLink,
  findLadderDeadline,
  type LadderEffect,
  type LadderEvent,
  type LadderState,
  type LinkWord,
  nameLink,
  openLadder,
  stepLadder,
  type Way,
} from '../manager/ladder.ts';
import type { BoxDesk } from './box-desk.ts';
import type { EventNote } from './change.ts';
import { linkEndsKept, sshOpeningMax } from './limits.ts';
import { SshWay, type SshWayParts } from './ssh-way.ts';

/** What it works with. */
export interface WorkerWaysParts extends Pick<SshWayParts, 'ssh' | 'answer' | 'ports'> {
  readonly boxes: Pick<BoxDesk, 'find'>;
  /** Gives a link to a worker's session; resolves with the reason when it has ended. */
  readonly attach: (worker: PeerKey, ...link: Parameters<SshWayParts['attach']>) => Promise<string>;
  /** Writes an event. */
  readonly note: (event: EventNote) => void;
  readonly changed: () => void;
}

/** How a worker is linked, as it is shown. */
export interface LinkView {
  readonly word: LinkWord;
  /** Why it is so, where that is not as usual. */
  readonly reason: string | null;
  /** Wall milliseconds of the last ends of links that could be used, the oldest first. */
  readonly ends: readonly number[];
}

interface Ladder {
  state: LadderState;
  readonly alarm: Alarm;
  ssh: SshWay | undefined;
  ends: readonly number[];
}

/** Life cycle: workers are added and removed; `stop` ends all. */
export class WorkerWays {
  readonly #parts: WorkerWaysParts;
  readonly #ladders = new Map<PeerKey, Ladder>();
  readonly #waiting: (() => void)[] = [];
  #openingCount = 0;

  constructor(parts: WorkerWaysParts) {
    this.#parts = parts;
  }

  /** A worker is served from now on. */
  add(worker: PeerKey): void {
    if (this.#ladders.has(worker)) return;
    const state = openLadder(this.#hasSsh(worker), this.#moment());
    const alarm = new Alarm(this.#parts.ports, () => this.#send(worker, { type: 'tick' }));
    this.#ladders.set(worker, { state, alarm, ssh: undefined, ends: [] });
    alarm.set(findLadderDeadline(state));
  }

  /** It is not served any more. */
  remove(worker: PeerKey): void {
    const ladder = this.#ladders.get(worker);
    this.#ladders.delete(worker);
    ladder?.alarm.stop();
    ladder?.ssh?.close();
  }

  /** Its session runs over this link now. */
  linked(worker: PeerKey, carrier: Carrier): void {
    this.#send(worker, { type: 'linked', way: nameWay(carrier) });
  }

  /** Its session has no link any more. `as`: was it the link that broke, or are the two at odds, at each dial anew? */
  unlinked(worker: PeerKey, reason: string, as: 'broken' | 'refused'): void {
    const ladder = this.#ladders.get(worker);
    const at = Math.round(this.#parts.ports.clock.wallMs());
    if (ladder !== undefined && as === 'broken') {
      ladder.ends = [...ladder.ends, at].slice(-linkEndsKept);
    }
    this.#send(worker, { type: 'unlinked', reason });
  }

  /** How its box is reached may have changed. */
  boxChanged(worker: PeerKey): void {
    const hasSsh = this.#hasSsh(worker);
    const ladder = this.#ladders.get(worker);
    if (ladder?.state.hasSsh !== hasSsh) this.#send(worker, { type: 'ways', hasSsh });
  }

  /** This box has other addresses than before. */
  networkChanged(): void {
    for (const worker of this.#ladders.keys()) this.#send(worker, { type: 'network-changed' });
  }

  /** `none` for who is not served. */
  view(worker: PeerKey): LinkView {
    const ladder = this.#ladders.get(worker);
    if (ladder === undefined) return { word: 'none', reason: null, ends: [] };
    const { state, ends } = ladder;
    return { word: nameLink(state), reason: explainLink(state) ?? null, ends };
  }

  stop(): void {
    for (const worker of [...this.#ladders.keys()]) this.remove(worker);
  }

  #send(worker: PeerKey, event: LadderEvent): void {
    const ladder = this.#ladders.get(worker);
    if (ladder === undefined) return;
    const before = nameLink(ladder.state);
    const { state, effects } = stepLadder(ladder.state, event, this.#moment());
    ladder.state = state;
    for (const effect of effects) this.#perform(worker, ladder, effect);
    ladder.alarm.set(findLadderDeadline(state));
    if (nameLink(state) !== before) this.#parts.changed();
  }

  #perform(worker: PeerKey, ladder: Ladder, effect: LadderEffect): void {
    switch (effect.do) {
      case 'open-ssh':
        void this.#open(worker, ladder);
        return;
      case 'close-ssh':
        ladder.ssh?.close();
        ladder.ssh = undefined;
        return;
      case 'tell':
        this.#parts.note({ kind: `link-${effect.word}`, worker, note: effect.reason });
    }
  }

  async #open(worker: PeerKey, ladder: Ladder): Promise<void> {
    const place = this.#parts.boxes.find(worker)?.ssh;
    if (place === undefined) return this.#send(worker, { type: 'ways', hasSsh: false });
    const slot = await this.#takeSlot();
    const way: SshWay = new SshWay({
      ...{ worker, place, ssh: this.#parts.ssh, ports: this.#parts.ports },
      answer: (bytes, only) => this.#parts.answer(bytes, only).finally(slot),
      attach: (link) => this.#parts.attach(worker, link),
    });
    // Something better may have come while it waited for its turn.
    const isWanted = this.#ladders.get(worker) === ladder && ladder.state.is === 'opening';
    if (!isWanted || ladder.ssh !== undefined) return slot();
    ladder.ssh = way;
    const reason = await way.run();
    slot();
    if (ladder.ssh !== way) return;
    ladder.ssh = undefined;
    this.#send(worker, { type: 'ssh-failed', reason });
  }

  /** Resolves when one more may be opened, with what gives the place back; that is safe to repeat. */
  async #takeSlot(): Promise<() => void> {
    if (this.#openingCount >= sshOpeningMax) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#openingCount += 1;
    }
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const next = this.#waiting.shift();
      // The place goes to who waits.
      if (next === undefined) this.#openingCount -= 1;
      else next();
    };
  }

  #hasSsh(worker: PeerKey): boolean {
    return this.#parts.boxes.find(worker)?.ssh !== undefined;
  }

  #moment() {
    const { clock, random } = this.#parts.ports;
    return { nowMs: clock.monotonicMs(), roll: random.fraction() };
  }
}

function nameWay(carrier: Carrier): Way {
  if (carrier === 'stdio') return 'ssh';
  return carrier === 'relay' ? 'relayed' : 'direct';
}
