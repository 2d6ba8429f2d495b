/*
 * Mutants of delivery: streams, acknowledgements, handshakes and the barriers that lean on them.
 */
import type { Mutant } from './mutant.ts';

/** See the header. */
export const deliveryMutants: readonly Mutant[] = [
  {
    id: 'ack-before-sync',
    breaks: 'a message is acknowledged before its batch is on the disk',
    edits: [
      {
        file: 'protocol/session.ts',
        find: 'await this.#parts.host.apply(streams.peerStore, rows);',
        replace: 'void this.#parts.host.apply(streams.peerStore, rows).catch(() => undefined);',
      },
    ],
  },
  {
    id: 'dedupe-forgotten',
    breaks: 'after a restart nobody knows what was received',
    edits: [
      {
        file: 'store/peer-streams.ts',
        find: 'return new PeerStreams(kv, stream, { acked, queued, received, removed });',
        replace: 'return new PeerStreams(kv, stream, { acked, queued, received: 0, removed });',
      },
    ],
  },
  {
    id: 'mark-not-in-batch-hub',
    breaks: 'the hub does not write the receive mark with what was received',
    edits: [
      {
        file: 'cockpit/hub/desk.ts',
        find: 'scene.change.ops.push(streams.planReceived(last.seq));',
        replace: 'streams.planReceived(last.seq);',
      },
    ],
  },
  {
    id: 'mark-not-in-batch-agent',
    breaks: 'the agent does not write the receive mark with what was received',
    edits: [
      {
        file: 'agent/desk.ts',
        find: 'ops.push(this.#streams.planReceived(last.seq));',
        replace: 'this.#streams.planReceived(last.seq);',
      },
    ],
  },
  {
    id: 'duplicate-applied',
    breaks: 'the newest message, when it comes again, is taken for a new one (off by one)',
    edits: [
      {
        file: 'protocol/machines/receiver.ts',
        find: 'if (row.seq <= known || row.seq >',
        replace: 'if (row.seq < known || row.seq >',
      },
    ],
  },
  {
    id: 'resend-never',
    breaks: 'what is lost on a live link is never sent again',
    edits: [
      {
        file: 'protocol/machines/sender.ts',
        find: 'awaits ? (state.resendAt ?? planResendAt(state.tries, moment)) : undefined',
        replace: 'awaits ? undefined : undefined',
      },
      {
        file: 'protocol/machines/receiver.ts',
        find: 'need.length < needCountMax; seq += 1) {',
        replace: 'need.length < 0; seq += 1) {',
      },
    ],
  },
  {
    id: 'hello-once',
    breaks: 'a hello that was lost is not said again',
    edits: [
      {
        file: 'protocol/machines/handshake.ts',
        find: "effects: isHeldUp ? [] : [{ do: 'say', forStore, isOpen: false }],",
        replace: 'effects: [],',
      },
      {
        file: 'protocol/machines/handshake.ts',
        find: 'if (nowMs >= giveUpAt)',
        replace: 'if (nowMs < 0)',
      },
    ],
  },
  {
    id: 'store-ignored',
    breaks: 'a peer that came back with another store is taken for its predecessor',
    edits: [
      {
        file: 'protocol/session.ts',
        find: 'if (hello.store !== this.#streams.peerStore) {',
        replace: 'if (this.#streams.peerStore === null) {',
      },
    ],
    focus: ['agent-wipe'],
  },
  {
    id: 'regression-served',
    // Each side alone would do: who was put back has forgotten both what it took and what it said.
    breaks: 'a peer that remembers less than it acknowledged is served, by either side',
    edits: [
      {
        file: 'protocol/machines/sender.ts',
        find: 'if (received < state.acked || isBeyond(state, received)) return halt(state);',
        replace: 'if (received < 0) return halt(state);',
      },
      {
        file: 'protocol/machines/sender.ts',
        find: 'return received > reach;',
        replace: 'return received + reach < 0;',
      },
    ],
    focus: ['agent-restore'],
  },
  {
    id: 'numbers-reused',
    breaks: 'numbers of acknowledged messages are given again after a restart',
    edits: [
      {
        file: 'store/outbox.ts',
        find: 'return Math.max(last === undefined ? 0 : getSeq(last.key), await readAcked(kv, stream));',
        replace: 'return last === undefined ? 0 : getSeq(last.key);',
      },
    ],
  },
  {
    id: 'barrier-ignored',
    breaks: 'work starts before the cancel behind it has come',
    edits: [
      {
        file: 'agent/agent.ts',
        find: '>= this.#barrier,',
        replace: '>= Math.min(0, this.#barrier),',
      },
    ],
    focus: ['agent-crash', 'partition'],
  },
  {
    id: 'queued-before-disk',
    breaks: 'the hub hands a command to the link before it is on the disk',
    edits: [
      {
        file: 'store/committer.ts',
        find: 'await this.#kv.batch(',
        replace: 'void this.#kv.batch(',
      },
    ],
  },
  {
    id: 'early-before-disk',
    breaks: 'the hub says that it has an end before that is on its disk',
    edits: [
      {
        file: 'cockpit/hub/early-ends.ts',
        find: 'await this.#ledger.commit(scene.change);',
        replace: 'void this.#ledger.commit(scene.change).catch(() => undefined);',
      },
    ],
    focus: ['quick', 'hub-crash'],
  },
  {
    id: 'early-never-again',
    breaks: 'what was told ahead of the disk and not answered is not reported any more',
    edits: [
      {
        file: 'agent/early-reports.ts',
        find: 'if (owed.length > 0) this.#parts.fellBack(owed);',
        replace: 'if (owed.length > 9999) this.#parts.fellBack(owed);',
      },
    ],
    focus: ['quick'],
  },
  {
    id: 'early-over-restart',
    breaks: 'what was told ahead of the disk is not reported by the next process',
    edits: [
      {
        file: 'agent/settle.ts',
        find: 'await desk.sayEnds();',
        replace: '',
      },
    ],
    focus: ['quick', 'agent-crash'],
  },
  {
    id: 'early-of-anybody',
    breaks: 'a worker may tell the end of an attempt that another one holds',
    edits: [
      {
        file: 'cockpit/hub/take-fact.ts',
        find: 'if (open?.worker !== worker || isReplaced(open.state)) return undefined;',
        replace: 'if (open === undefined || isReplaced(open.state)) return undefined;',
      },
    ],
    focus: ['quick', 'rogue'],
  },
  {
    id: 'early-with-files',
    breaks: 'an end is told ahead of the disk that its files are not yet safe on',
    edits: [
      {
        file: 'agent/desk.ts',
        find: 'return this.#parts.outlet.artifacts(attempt) === undefined && this.#early.isOpen;',
        replace: 'return this.#early.isOpen;',
      },
    ],
    focus: ['quick', 'agent-crash'],
  },
  {
    id: 'early-past-receipts',
    breaks: 'an end is told ahead of the disk although a receipt of it may still be on its way',
    edits: [
      {
        file: 'agent/unsaid.ts',
        find: 'return this.#attempts.has(attempt) && !this.#heard.has(attempt);',
        replace: 'return this.#attempts.has(attempt);',
      },
    ],
    focus: ['quick'],
  },
  {
    id: 'early-twice',
    breaks: 'the same end, told once more as a message, is taken for a late one',
    edits: [
      {
        file: 'cockpit/hub/take-fact.ts',
        find: 'if (attempt === undefined && known?.has(fact.attempt)) return;',
        replace: '',
      },
    ],
  },
];
