/*
 * Who comes in at the hub's door: workers to their sessions, cockpits to theirs, boxes that pair, and those to be turned away.
 *
 * Only a key that the door admitted comes here. Invariant: a worker that was let in has a session before it can
 * dial again.
 */
import type { PeerKey } from '../../protocol/model.ts';
import { answerPair } from '../../protocol/pairing.ts';
import type { Timers } from '../../protocol/ports.ts';
import type { Link } from '../../protocol/transports/link.ts';
import type { AuditTrail } from '../../store/audit-trail.ts';
import type { WorkerRecord } from '../manager/worker.ts';
import { notePairing } from './audited-pairing.ts';
import type { CockpitDesk } from './cockpit-desk.ts';
import type { HubParts } from './hub-parts.ts';
import type { Answered } from './inbox.ts';
import type { InviteBook } from './invite-book.ts';
import type { TurnedAway } from './turned-away.ts';
import type { WorkerSessions } from './worker-sessions.ts';

/** Whom it knows. */
export interface ReceptionParts {
  readonly sessions: WorkerSessions;
  readonly cockpits: CockpitDesk;
  readonly invites: InviteBook;
  readonly turnedAway: TurnedAway;
  readonly audit: AuditTrail;
  readonly timers: Timers;
  readonly noticed: (line: string) => void;
}

/** No life cycle: it lives as long as its hub. */
export class Reception {
  readonly #parts: ReceptionParts;

  constructor(parts: ReceptionParts) {
    this.#parts = parts;
  }

  /** What the door asks, and gives its links to. */
  describe(): Parameters<HubParts['openDoor']>[0] {
    const { sessions, cockpits, invites, turnedAway } = this.#parts;
    return {
      countExpected: () => sessions.count,
      sharesKey: (peer: PeerKey) => cockpits.has(peer),
      admits: (peer: PeerKey) =>
        sessions.find(peer) !== undefined ||
        cockpits.has(peer) ||
        invites.admits(peer) ||
        turnedAway.admits(peer),
      accept: (link) => this.take(link),
    };
  }

  /** Takes a link, by whichever way it came. */
  take(link: Link): void {
    const { sessions, cockpits, invites, turnedAway, audit, timers } = this.#parts;
    if (sessions.take(link) || cockpits.take(link) || turnedAway.take(link)) return;
    answerPair(link, timers, (request) =>
      notePairing(audit, request, async () => {
        if (invites.kindOf(link.peerKey) === 'cockpit') {
          return (await invites.pairCockpit(link.peerKey, request)).name;
        }
        const worker = await invites.pair(link.peerKey, request);
        this.#welcome(worker);
        return worker.name;
      }),
    );
  }

  /** Lets the box of a pairing request in. Errors: INVITE_EXPIRED. */
  async approve(answered: Answered): Promise<WorkerRecord> {
    const worker = await this.#parts.invites.approve(answered);
    this.#welcome(worker);
    return worker;
  }

  #welcome(worker: WorkerRecord): void {
    this.#parts.sessions.open(worker.key);
    this.#parts.noticed(`paired ${worker.name} (${worker.key.slice(0, 8)}) on ${worker.host}`);
  }
}
