/*
 * What the hub tells its screens of the team, with the moment at which it was told.
 *
 * A check that measures must not ask again and again; it is told as a screen is.
 */
import type { TeamRow } from '../../../cockpit/verbs/shapes.ts';
import type { Voice } from './voice.ts';

/** A limit for what is waited for; never what a check relies on. */
const toldMsMax = 60_000;

/** Follows the team for as long as the voice is open. */
export class TeamWatch {
  #team: readonly TeamRow[] = [];
  readonly #looks = new Set<() => void>();

  constructor(voice: Voice) {
    voice.watch((item) => {
      if (item.type !== 'team') return;
      this.#team = item.team;
      for (const look of [...this.#looks]) look();
    });
  }

  find(name: string): TeamRow | undefined {
    return this.#team.find((row) => row.name === name);
  }

  /** Resolves with the instant, `performance.now()`, at which the worker's row passes. */
  until(name: string, test: (row: TeamRow) => boolean): Promise<number> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        this.#looks.delete(look);
      };
      const look = () => {
        const row = this.find(name);
        if (row === undefined || !test(row)) return;
        end();
        resolve(performance.now());
      };
      const timer = setTimeout(() => {
        end();
        reject(new Error(`${name} does not pass ${test}: ${JSON.stringify(this.find(name))}`));
      }, toldMsMax);
      this.#looks.add(look);
      look();
    });
  }
}
