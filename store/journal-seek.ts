/*
 * Finding places in the journal: by instant, backwards, and how much there was in each span.
 *
 * Numbers rise with time, so an instant is found by halving, in some twenty reads of a row however long
 * the journal is. Where the wall clock was set back, the place found is one of those that fit. Spans are
 * counted by numbers, of which a few were never written: good for a picture, not for accounts.
 * Errors: STORE_DAMAGED, STORE_IO.
 */
import { type JournalEvent, readEvents, readLastEventSeq } from './journal.ts';
import type { Kv } from './kv.ts';

/** Up to `countMax` events below `beforeSeq`, oldest first: the last ones before it. */
export async function readEventsBefore(
  kv: Kv,
  { beforeSeq, countMax }: { readonly beforeSeq: number; readonly countMax: number },
): Promise<readonly JournalEvent[]> {
  const [oldest] = await readEvents(kv, { afterSeq: 0, countMax: 1 });
  const floor = (oldest?.seq ?? beforeSeq) - 1;
  // Some numbers were never written, so a span may hold too few; then a longer one is read. It ends where
  // the journal begins now: below that a span would only hold what lies above `beforeSeq`.
  for (let span = countMax; ; span *= 4) {
    const afterSeq = Math.max(floor, beforeSeq - 1 - span);
    const read = await readEvents(kv, { afterSeq, countMax: span });
    const events = read.filter(({ seq }) => seq < beforeSeq);
    if (events.length >= countMax || afterSeq === floor) return events.slice(-countMax);
  }
}

/** The number of the first event at `at` or later, wall milliseconds; one past the last where there is none. */
export async function findEventSeq(kv: Kv, at: number): Promise<number> {
  const last = await readLastEventSeq(kv);
  const [first] = await readEvents(kv, { afterSeq: 0, countMax: 1 });
  return findBetween(kv, at, { low: first?.seq ?? last + 1, high: last + 1 });
}

/** How many events there were from each of these instants, which rise, to the next; one count fewer than instants. */
export async function countEvents(kv: Kv, instants: readonly number[]): Promise<readonly number[]> {
  const seqs = new Array<number>(instants.length).fill(0);
  const last = await readLastEventSeq(kv);
  const [first] = await readEvents(kv, { afterSeq: 0, countMax: 1 });
  const whole = { low: first?.seq ?? last + 1, high: last + 1 };
  const fill = async (from: number, to: number, { low, high }: Bounds): Promise<void> => {
    if (from >= to) return;
    const middle = (from + to) >> 1;
    const seq = low === high ? low : await findBetween(kv, instants[middle] ?? 0, { low, high });
    seqs[middle] = seq;
    await fill(from, middle, { low, high: seq });
    await fill(middle + 1, to, { low: seq, high });
  };
  await fill(0, instants.length, whole);
  return seqs.slice(1).map((seq, index) => seq - (seqs[index] ?? seq));
}

/** Numbers among which one is looked for: from `low` up to `high`, which is an answer too. */
interface Bounds {
  readonly low: number;
  readonly high: number;
}

async function findBetween(kv: Kv, at: number, { low, high }: Bounds): Promise<number> {
  let [from, to] = [low, high];
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    const [event] = await readEvents(kv, { afterSeq: middle - 1, countMax: 1 });
    if (event === undefined || event.seq >= to || event.at >= at) to = middle;
    else from = event.seq + 1;
  }
  return from;
}
