/*
 * The names that odallies earn: human, distinct, easy to say aloud, in the order they are given.
 *
 * Each round runs through the alphabet, so that the first names of a team differ in their first
 * letter. When all are taken the list is gone through again with a number: alice-2, bob-2, ...
 */
import { AppError } from '../../protocol/errors.ts';
import { isWorkerName, type WorkerRecord } from './worker.ts';

// biome-ignore format: a list of names reads better in lines than in a column
/** First names, in the order they are given out. */
export const workerNames: readonly string[] = [
  'alice', 'bob', 'charlie', 'dave', 'erin', 'frank', 'grace', 'heidi', 'ivan', 'judy', 'kevin',
  'laura', 'mallory', 'nina', 'oscar', 'peggy', 'quentin', 'rupert', 'sybil', 'trent', 'ursula',
  'victor', 'wendy', 'xavier', 'yvonne', 'zach', 'amber', 'boris', 'clara', 'dexter', 'elena',
  'felix', 'gloria', 'hugo', 'irene', 'jasper', 'karen', 'leon', 'martha', 'nolan', 'olive',
  'pablo', 'quincy', 'rosa', 'simon', 'tessa', 'ulric', 'vera', 'walter', 'xena', 'yuri', 'zelda',
  'agnes', 'bruno', 'carmen', 'diego', 'edith', 'fergus', 'greta', 'hector', 'isla', 'jerome',
  'kirsten', 'lionel', 'mabel', 'neville', 'opal', 'pierre', 'quinn', 'robin', 'stella', 'thomas',
  'uma', 'vincent', 'wilma', 'ximena', 'yolanda', 'zane', 'albert', 'bella', 'cecil', 'daphne',
  'ernest', 'fiona', 'gordon', 'hazel', 'igor', 'jenny', 'kurt', 'lydia', 'marvin', 'nadia',
  'otto', 'phoebe', 'ralph', 'sylvia', 'tobias', 'una', 'virgil', 'winona', 'yasmin', 'zora',
  'anton', 'beatrix', 'conrad', 'delia', 'elmer', 'flora', 'gilbert', 'harriet', 'ingrid', 'joel',
  'katya', 'lloyd', 'miriam', 'norman', 'oriana', 'philip', 'ramona', 'stanley', 'theresa',
  'umberto', 'valerie', 'wesley', 'archie', 'bianca', 'cyrus', 'doreen', 'eugene', 'frieda',
  'gerald', 'helga', 'isaac', 'josephine', 'kenneth', 'lucinda', 'milton', 'nancy', 'oswald',
  'petra', 'reuben', 'sabrina', 'terence', 'viola', 'warren', 'arnold', 'bridget', 'clement',
  'donna', 'edgar', 'faith', 'gustav', 'hilda', 'ignacio', 'julius', 'kamila', 'lorenzo', 'monica',
  'nigel', 'odette', 'percy', 'rachel', 'sergio', 'tabitha', 'vernon', 'whitney', 'august',
  'belinda', 'curtis', 'dolores', 'emilio', 'felicity', 'gareth', 'holly', 'ibrahim', 'juliet',
  'kasper', 'leopold', 'maureen', 'norbert', 'octavia', 'patrick', 'regina', 'samuel', 'tamara',
  'vaughn', 'basil', 'camille', 'damian', 'eleanor', 'florian', 'gwen', 'howard', 'imogen',
  'jonas', 'keith', 'lillian', 'mortimer', 'natasha', 'orlando', 'prudence', 'roland', 'shirley',
  'timothy', 'veronica', 'wallace',
];

/** The next name that nobody bears or ever bore. */
export function pickName(taken: ReadonlySet<string>): string {
  for (let round = 1; ; round += 1) {
    for (const name of workerNames) {
      const candidate = round === 1 ? name : `${name}-${round}`;
      if (!taken.has(candidate)) return candidate;
    }
  }
}

/** It paired and was never seen: its box may not have heard that it did, and whoever pairs it again gives the same name. */
export function isUnheard({ lastSeenAt, revokedAt }: WorkerRecord): boolean {
  return lastSeenAt === null && revokedAt === null;
}

/** All names that they have or had. */
export function listNames(workers: readonly WorkerRecord[]): ReadonlySet<string> {
  return new Set(workers.flatMap(({ name, formerNames }) => [name, ...formerNames]));
}

/** Refuses what cannot be a name, and what is or was another's. Errors: WORKER_NAME, WORKER_NAME_TAKEN. */
export function assertFreeName(name: string, taken: ReadonlySet<string>): void {
  if (!isWorkerName(name)) throw new AppError('WORKER_NAME', `"${name}" cannot be a worker name.`);
  if (taken.has(name)) {
    throw new AppError('WORKER_NAME_TAKEN', `Another worker is or was named "${name}".`);
  }
}
