/*
 * What a verb is that runs in the asker's process because no hub may, or need, run.
 *
 * Types only; the verbs themselves say what they do and why no hub does it for them.
 */
import type { Program } from '../ports.ts';
import type { Grammar } from '../verbs/command-line.ts';
import type { Style } from '../verbs/verb.ts';

/** A verb without a hub. It answers with its JSON, or with nothing when it has run to its end. */
export interface LocalVerb extends Grammar {
  run(
    program: Program,
    args: Readonly<Record<string, unknown>>,
    version: string,
  ): Promise<LocalAnswer>;
}

/** What it answers: a value, and the same in words. */
export interface LocalAnswer {
  readonly value: unknown;
  show(style: Style): string;
  /** Exit status; 0 where absent. */
  readonly exit?: number;
}
