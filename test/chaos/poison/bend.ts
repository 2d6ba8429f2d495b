/*
 * How a process of these checks is bent, by its environment.
 *
 * `WALLY_POISON=throw:J1.1,kill:J2.1`: at these attempts a handler throws, or kills its process. Only
 * handling a message goes wrong, not what settles the job afterwards; that is what a real fault of a
 * handler looks like. `WALLY_VERSIONS=1-2`: the versions of the protocol that it speaks.
 */
import { ownVersions } from '../../../protocol/frames.ts';

/** What is to happen at which attempt. */
export type Poison = ReadonlyMap<string, 'throw' | 'kill'>;

/** From here on this process speaks the versions of its plan, where it has one. */
export function bendVersions(): void {
  const [protoMin, protoMax] = (process.env.WALLY_VERSIONS ?? '').split('-').map(Number);
  if (protoMin !== undefined && protoMax !== undefined) {
    Object.assign(ownVersions, { protoMin, protoMax });
  }
}

/** The plan of this process. Errors: throws for a plan that makes no sense. */
export function readPoison(): Poison {
  const words = (process.env.WALLY_POISON ?? '').split(',').filter((word) => word !== '');
  return new Map(
    words.map((word) => {
      const [does = '', attempt = ''] = word.split(':');
      if (does !== 'throw' && does !== 'kill') throw new Error(`WALLY_POISON: ${word}?`);
      return [attempt, does] as const;
    }),
  );
}

/** Throws, or ends this process as a crash would; returns where nothing is planted. */
export function strike(poison: Poison, attempt: string | undefined): void {
  const does = attempt === undefined ? undefined : poison.get(attempt);
  if (does === 'kill') process.kill(process.pid, 'SIGKILL');
  if (does === 'throw') throw new TypeError(`planted at ${attempt}`);
}
