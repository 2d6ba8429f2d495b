/*
 * What a verb is: one entry of the one grammar that every surface speaks.
 *
 * A verb is declared once, with a schema for its arguments, and so appears in the CLI, the cockpit
 * and every bridge with the same words and checks. It runs in the hub; what it returns is its
 * `--json`. Errors: USAGE_ARGUMENT from `parseArgs`, the verb's own from `run`.
 */
import type { z } from 'zod';
import { describeIssue } from '../../protocol/argument-faults.ts';
import { AppError } from '../../protocol/errors.ts';
import type { Ports } from '../../protocol/ports.ts';
import type { Box } from '../../store/doctor/box.ts';
import type { HubHome } from '../home.ts';
import type { Hub } from '../hub/hub.ts';

/** A flag as the command line has it; `value` names what it takes, absent for a switch. */
export interface Flag {
  readonly value?: string;
  readonly isList?: true;
  readonly short?: string;
  readonly help: string;
}

/** What a verb is given besides its arguments. */
export interface VerbContext {
  readonly hub: Hub;
  readonly home: string;
  readonly pid: number;
  /** The hub's box, as doctors ask it. */
  readonly box: Box;
  /** Begins to stop the hub, once the answer is out. */
  readonly stopHub: () => void;
  /** Sends one item of a stream; resolves when the next may come; false when nobody listens. */
  readonly item: (value: unknown) => Promise<boolean>;
  /** Runs when the asker has lost interest. */
  readonly onDrop: (run: () => void) => void;
  /** Takes what the asker gives, one value after the other. Call once. */
  readonly onGive: (take: (value: unknown) => void | Promise<void>) => void;
  /** For a verb that `tellsWithEffect`: called right before its effect is committed. */
  readonly settled: (came: Came) => void;
}

/** What came of an ask, for the audit trail. */
export interface Came {
  readonly about: string;
  readonly worker: string;
}

/** What a verb has where no hub runs. */
export interface HublessScene {
  readonly home: HubHome;
  /** Is there none, or one that owns the home and says nothing? */
  readonly hub: 'gone' | 'silent';
  readonly ports: Ports;
  readonly box: Box;
  /** Starts the hub in the background; resolves when it answers. */
  readonly startHub: () => Promise<void>;
  /** Words about the run, for people. */
  readonly say: (line: string) => void;
}

/** One verb. `A` are its arguments, `R` what it answers. */
export interface Verb<A, R> {
  readonly name: string;
  readonly summary: string;
  /**
   * Operands in the order of the command line; the last may end in `…` and take all the rest, or in
   * `?` and be left out.
   */
  readonly operands: readonly string[];
  readonly flags: Readonly<Record<string, Flag>>;
  /** Arguments that are paths on the asker's box: they are made absolute where they are typed. */
  readonly paths?: readonly string[];
  /** Does it only look, change something, or destroy something? */
  readonly danger: 'looks' | 'changes' | 'destroys';
  /** Its job is one with attempts: of a group it is asked part by part. */
  readonly refusesGroups?: true;
  /** With these arguments it only looks. */
  looks?(args: A): boolean;
  /** It says by `settled` what comes of it; all else is in the audit trail before it runs. */
  readonly tellsWithEffect?: true;
  readonly args: z.ZodType<A>;
  run(context: VerbContext, args: A): Promise<R>;
  /** Runs in the asker's own process where no hub answers; absent for verbs that need one. */
  runWithoutHub?(scene: HublessScene, args: A): Promise<R>;
  /**
   * One item of a verb that tells its steps before it answers, as a line; absent for verbs whose items
   * are the answer.
   */
  showItem?(item: unknown, style: Style): string;
  /** The answer in a few lines for people. */
  show(answer: R, style: Style): string;
  /** What people should know besides the answer, in JSON too: it goes to stderr. */
  aside?(answer: R): string | undefined;
  /** Exit status of an answer that came; 0 where absent. */
  exit?(answer: R): number;
}

/**
 * A verb of unknown types, as registries hold it. Its arguments may only come from `parseVerbArgs`,
 * its answers only from its own `run`.
 */
export interface AnyVerb
  extends Omit<Verb<unknown, unknown>, 'run' | 'runWithoutHub' | 'looks' | 'show' | 'exit'> {
  run(context: VerbContext, args: never): Promise<unknown>;
  runWithoutHub?(scene: HublessScene, args: never): Promise<unknown>;
  looks?(args: never): boolean;
  show(answer: never, style: Style): string;
  exit?(answer: never): number;
}

/** How text for people may look: every function returns its text unchanged where colour is off. */
export interface Style {
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
  dim(text: string): string;
  strong(text: string): string;
}

/** Checks the types of a verb and returns it. */
export function defineVerb<A, R>(verb: Verb<A, R>): Verb<A, R> {
  return verb;
}

/** The arguments as the verb wants them. Errors: USAGE_ARGUMENT naming the one that is wrong. */
export function parseVerbArgs<A>(verb: Pick<Verb<A, unknown>, 'name' | 'args'>, given: unknown): A {
  const parsed = verb.args.safeParse(given ?? {}, { error: describeIssue });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.join('.') ?? '';
  const what = where === '' ? issue?.message : `${where}: ${issue?.message}`;
  throw new AppError('USAGE_ARGUMENT', `${verb.name}: ${what}.`);
}
