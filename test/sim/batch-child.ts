/*
 * One of the processes that share a batch: it runs the seeds that it is told and answers with sums.
 *
 * It says which seed it begins, so that one that never ends can be named. It ends with its parent.
 */
import { runSeed } from './run.ts';
import { addSums, noSums, type Sums, sumRun } from './sums.ts';

/** Seeds from `first` on. */
export interface Order {
  readonly first: number;
  readonly count: number;
  readonly focus: readonly string[];
}

/** What a child says. */
export type Answer =
  | { readonly type: 'begins'; readonly seed: number }
  | { readonly type: 'done'; readonly sums: Sums };

// Stacks cost more than the rest of an error; a seed that fails is run again, with them.
Error.stackTraceLimit = 0;

process.on('message', (order: Order) => void run(order));
process.on('disconnect', () => process.exit());

async function run({ first, count, focus: kinds }: Order): Promise<void> {
  const parts: Sums[] = [noSums];
  const focus = new Set(kinds);
  for (let seed = first; seed < first + count; seed += 1) {
    say({ type: 'begins', seed });
    parts.push(sumRun(await runSeed({ seed, focus })));
  }
  say({ type: 'done', sums: addSums(parts) });
}

function say(answer: Answer): void {
  process.send?.(answer);
}
