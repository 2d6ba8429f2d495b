/*
 * Cells of the transition tables that no history can take, and why not.
 *
 * The tables decide every pair of state and event because their types demand it; some pairs are
 * excluded by those who step the machine. Each reason names who that is. Coverage fails when one of
 * these is taken after all.
 */

interface Exclusion {
  readonly because: string;
  readonly cells: readonly string[];
}

const exclusions: readonly Exclusion[] = [
  {
    because:
      '`run-work` steps an attempt through start, spawned or not-spawned, exited, each once, and skips what is not as it left it',
    cells: [
      'agent-attempt accepted spawned',
      'agent-attempt accepted not-spawned',
      'agent-attempt accepted exited',
      'agent-attempt starting start',
      'agent-attempt starting exited',
      'agent-attempt running start',
      'agent-attempt running spawned',
      'agent-attempt running not-spawned',
      'agent-attempt finished start',
      'agent-attempt finished spawned',
      'agent-attempt finished not-spawned',
      'agent-attempt finished exited',
    ],
  },
  {
    because: '`watch-work` and `run-work` say so of attempts that are still `accepted` only',
    cells: [
      'agent-attempt starting expired',
      'agent-attempt running expired',
      'agent-attempt finished expired',
    ],
  },
  {
    because: 'a guard says `ended` once, of what it began to end',
    cells: ['guarded-lease held ended', 'guarded-lease over ended'],
  },
  {
    because: '`idle` is said once, by the end of the work that `stopping` has begun',
    cells: ['agent-life starting idle', 'agent-life serving idle', 'agent-life stopped idle'],
  },
  {
    because: '`start` of an agent is called once, and says `ready` at its end',
    cells: ['agent-life serving ready', 'agent-life stopping ready'],
  },
  {
    because: '`watch-leases` forgets the lease of an attempt that has ended and tells it nothing',
    cells: [
      'lease held ended',
      'lease lapsed ended',
      'lease ended heard',
      'lease ended tick',
      'lease ended ended',
    ],
  },
  {
    because: 'a refusal closes the link in the same step, and a closed connection takes nothing',
    cells: [
      'handshake refused hello',
      'handshake refused tick',
      'liveness suspect heard',
      'liveness suspect tick',
    ],
  },
  {
    because:
      '`take-fact` looks for attempts that have not ended; all else it keeps as late by itself',
    cells: [
      'hub-attempt finished accepted',
      'hub-attempt finished started',
      'hub-attempt finished finished',
    ],
  },
  {
    because: 'the desk steps unended attempts only',
    cells: ['hub-attempt finished cancel', 'hub-attempt finished expired'],
  },
  {
    because: 'the desk tells only what is queued that its deadline has passed',
    cells: ['hub-attempt accepted expired', 'hub-attempt started expired'],
  },
  {
    because:
      '`watch-leases` tells a lease of hearing and of time while it is held only, save where more workers than `silentWorkersMax` fall silent at once',
    cells: ['lease lapsed heard', 'lease lapsed tick'],
  },
  {
    because:
      'what is handed to a link is noted of queued attempts only, and the next step of one takes the note in first',
    cells: ['hub-attempt accepted sent', 'hub-attempt started sent', 'hub-attempt finished sent'],
  },
  {
    because: 'what is lost, replaced or superseded is looked for among unended attempts',
    cells: [
      'hub-attempt finished lost',
      'hub-attempt finished replaced',
      'hub-attempt finished superseded',
    ],
  },
  {
    because:
      'by itself the hub replaces only work with a lease, and keeps that open only where it was seen to begin',
    cells: [
      'hub-attempt queued replaced',
      'hub-attempt sent replaced',
      'hub-attempt accepted replaced',
    ],
  },
  {
    because:
      'what no worker was heard to have is written off as it is given up, so that it cannot come back',
    cells: ['hub-attempt queued returned', 'hub-attempt sent returned'],
  },
  {
    because: 'a session leaves the old link before it opens the next',
    cells: ['sender live opened'],
  },
  {
    because: 'a session takes acks, and rows that it asked for, on the link that is open only',
    cells: ['sender idle ack', 'sender halted ack', 'sender idle loaded', 'sender halted loaded'],
  },
  {
    because:
      'a session forgets what an adopted store had under way, with the streams it belonged to',
    cells: ['receiver idle applied'],
  },
  {
    because:
      'only an attempt that has ended is opened again, by a person, and only one that has not is returned',
    cells: [
      'hub-attempt queued reopened',
      'hub-attempt sent reopened',
      'hub-attempt accepted reopened',
      'hub-attempt started reopened',
      'hub-attempt finished returned',
    ],
  },
  {
    because:
      '`worker-ways` tells the end of the link that it told of, and of the ssh that it holds',
    cells: [
      'ladder linked ssh-failed',
      'ladder missing unlinked',
      'ladder missing ssh-failed',
      'ladder opening unlinked',
      'ladder blocked unlinked',
      'ladder blocked ssh-failed',
    ],
  },
  {
    because:
      'no box of the simulator has an ssh place, and its network has no addresses that change',
    cells: [
      'ladder linked ways',
      'ladder linked network-changed',
      'ladder missing ways',
      'ladder missing network-changed',
      'ladder opening linked',
      'ladder opening ssh-failed',
      'ladder opening ways',
      'ladder opening network-changed',
      'ladder opening tick',
      'ladder blocked ways',
      'ladder blocked network-changed',
      'ladder blocked tick',
    ],
  },
];

/** Name of the cell → why nothing takes it. */
export const unreachable: ReadonlyMap<string, string> = new Map(
  exclusions.flatMap(({ because, cells }) => cells.map((name) => [name, because] as const)),
);

/**
 * Cells that a history takes once in thousands of seeds, where several rare things must meet: an
 * attempt that was replaced in just this state, a deadline that ends it in the same look as a loss, a
 * note of its sending that comes after what proved more. Only a large batch fails for want of them.
 */
export const seldom: ReadonlySet<string> = new Set([
  'agent-life starting stop',
  'agent-life stopping stop',
  'agent-life stopped stop',
  'agent-life stopped ready',
  'sender halted tick',
  'hub-attempt queued started',
  'hub-attempt queued finished',
  'hub-attempt queued superseded',
  'hub-attempt sent expired',
  'hub-attempt sent superseded',
  'hub-attempt accepted accepted',
  'hub-attempt accepted returned',
  'hub-attempt accepted superseded',
  'hub-attempt started accepted',
  'hub-attempt started started',
  'hub-attempt started replaced',
  'hub-attempt started returned',
  'hub-attempt started superseded',
  'hub-attempt finished reopened',
  // A guard needs seconds at most to end work, and its agent must wake just then.
  'guarded-lease ending stated',
  'guarded-lease ending dropped',
]);
