/*
 * `wally dispatch`: a command becomes a job for one worker, for several, or for all.
 *
 * Everything is checked and the workers chosen before anything is written; then job, lease and the
 * command to the worker go to disk together, and only then is there an id.
 * Errors: USAGE_ARGUMENT, WORKER_*, QUEUE_FULL, WAIT_TIMEOUT.
 */
import { z } from 'zod';
import { isInsidePattern } from '../../protocol/artifact-pattern.ts';
import { encodeValue } from '../../protocol/codec.ts';
import { AppError } from '../../protocol/errors.ts';
import {
  artifactPatternsMax,
  lostAfterMsDefault,
  promptLettersMax,
} from '../../protocol/limits.ts';
import { baseSchema, commandSpecSchema, harnessIdSchema } from '../../protocol/messages.ts';
import { type CommandSpec, type JobId, reconciles } from '../../protocol/model.ts';
import { stripControls } from '../../protocol/peer-text.ts';
import type { JobRecord } from '../manager/job.ts';
import { planTargets } from '../manager/plan-dispatch.ts';
import { findReplaceAfterMs } from '../manager/plan-loss.ts';
import { durationArgument, listArgument } from './arguments.ts';
import { awaitJob } from './await-job.ts';
import { presentDetail } from './present.ts';
import type { JobDetail } from './shapes.ts';
import { describeJob } from './text.ts';
import { envArgument, mergeVariables, secretArgument } from './variables.ts';
import { defineVerb, type VerbContext } from './verb.ts';

/** Longest command with its environment that one job may carry. Fits one message with its rest. */
const specBytesMax = 200 * 1024;

/** Shortest silence that --lost-after and --stop-after may name: a link is given up after 6 s. */
const silenceMsMin = 10_000;

/** Labels of one job: more than a person reads in a row. */
const labelsMax = 16;

/** Titles are cut here; the whole command is in the job. */
const titleLettersMax = 200;

/** A shorter silence is an ordinary lost packet or two; acting on it would end healthy work. */
const silenceArgument = durationArgument.refine((ms) => ms >= silenceMsMin, {
  message: `less than ${silenceMsMin / 1000}s of silence says nothing`,
});

const pathArgument = z.string().refine((path) => path.startsWith('/') || path.startsWith('~'), {
  message: 'give an absolute path, or one that begins with ~, on the worker’s box',
});

const baseArgument = z.string().refine((base) => baseSchema.safeParse(base).success, {
  message: 'a base is a branch, a tag or a hash that the repository there knows',
});

const harnessArgument = z.string().refine((id) => harnessIdSchema.safeParse(id).success, {
  message: 'a harness is called by a word such as claude, codex, gemini or opencode',
});

/** What a row's key can hold, and a shell needs no quotes for. */
const keyArgument = z.string().regex(/^[A-Za-z0-9._:-]{1,128}$/, {
  message: 'a key is up to 128 letters, digits, dots, colons and dashes',
});

/** One word of a filter: no space, no comma. */
const labelArgument = z.string().regex(/^[A-Za-z0-9._/-]{1,64}(?:=[A-Za-z0-9._:@+/-]{0,64})?$/, {
  message: 'a label is WORD or KEY=VALUE of letters, digits, dots, dashes and slashes',
});

const artifactArgument = z.string().refine(isInsidePattern, {
  message: 'an artifact is named by a pattern below the job’s directory (say dist/**/*.tar)',
});

const args = z
  .object({
    command: z.array(z.string()).default([]),
    prompt: z.string().max(promptLettersMax, `over ${promptLettersMax} letters`).optional(),
    harness: harnessArgument.optional(),
    on: listArgument,
    need: listArgument,
    all: z.boolean().default(false),
    cwd: pathArgument.optional(),
    repo: pathArgument.optional(),
    base: baseArgument.optional(),
    env: envArgument,
    secret: secretArgument,
    deadline: durationArgument.optional(),
    idempotent: z.boolean().default(false),
    'lost-after': silenceArgument.optional(),
    'stop-after': silenceArgument.optional(),
    replace: z.boolean().default(false),
    reconcile: z.enum(reconciles).optional(),
    artifact: z.array(artifactArgument).max(artifactPatternsMax).default([]),
    label: z.array(labelArgument).max(labelsMax).default([]),
    key: keyArgument.optional(),
    title: z.string().min(1).max(titleLettersMax).optional(),
    wait: z.boolean().default(false),
    follow: z.boolean().default(false),
    timeout: durationArgument.optional(),
  })
  .refine((given) => !(given.all && given.on.length > 0), '--all and --on exclude each other')
  .refine((given) => !(given.cwd !== undefined && given.repo !== undefined), {
    message: '--cwd and --repo exclude each other',
  })
  .superRefine((given, context) => {
    const message = findAskFault(given) ?? findPolicyFault(given);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

type DispatchArgs = z.infer<typeof args>;

/** Makes a job. */
export const dispatchVerb = defineVerb({
  name: 'dispatch',
  summary: 'give a command, or a prompt, to a worker',
  operands: ['command…'],
  flags: {
    prompt: {
      value: 'TEXT',
      help: 'ask an AI agent on the box this, in place of a command; -: stdin',
    },
    harness: { value: 'ID', help: 'which one: claude, codex, gemini, opencode or of its config' },
    on: { value: 'NAME', isList: true, help: 'this worker; several make one part each' },
    need: { value: 'WORD', isList: true, help: 'a worker that has this (git, docker, linux, …)' },
    all: { help: 'every worker: one part each under one parent job' },
    cwd: { value: 'PATH', help: 'run in this directory of the box, not a temporary one' },
    repo: { value: 'PATH', help: 'like --cwd, and it must be a git work tree' },
    base: { value: 'REF', help: 'with --repo: in a checkout of its own, at this commit' },
    env: { value: 'K=V', isList: true, help: 'set a variable for the command' },
    secret: {
      value: 'K[=V]',
      isList: true,
      help: 'the same, hidden in its log; K alone takes the value of yours',
    },
    deadline: { value: 'DURATION', help: 'must have ended this long from now, else it is ended' },
    idempotent: { help: 'it may safely run more than once' },
    'lost-after': { value: 'DURATION', help: 'give up when unheard of for so long (24h)' },
    'stop-after': {
      value: 'DURATION',
      help: 'its lease: the worker stops it when the hub is out of reach',
    },
    replace: { help: 'when lost, start it elsewhere by itself (needs --idempotent, --stop-after)' },
    reconcile: {
      value: 'RULE',
      help: 'if a replaced one returns: keep-replacement, keep-original, first-finished',
    },
    artifact: { value: 'GLOB', isList: true, help: 'bring these files of its directory back' },
    label: { value: 'K=V|WORD', isList: true, help: 'mark it, to find it again' },
    title: { value: 'TEXT', help: 'what lists call it' },
    key: { value: 'KEY', help: 'asked again under the same key, it is the same job' },
    wait: { help: 'wait for the outcome' },
    follow: { short: 'f', help: 'print its output as it comes, and wait' },
    timeout: { value: 'DURATION', help: 'with --wait: exit 5 after so long; the job goes on' },
  },
  danger: 'changes',
  tellsWithEffect: true,
  args,
  async run(context, given): Promise<JobDetail> {
    const { hub } = context;
    const make = () => makeJob(context, given);
    const get = (id: JobId) => hub.desk.get(id);
    const job = await (given.key === undefined ? make() : hub.keys.once(given.key, make, get));
    if (!given.wait) return presentDetail(hub, job);
    return presentDetail(hub, await awaitJob(context, job.id, given.timeout));
  },
  show: (job, style) => `${style.strong(job.id)} ${describeJob(job, style)}`,
  exit: (job) => (job.outcome === null || job.outcome === 'succeeded' ? 0 : 1),
});

async function makeJob({ hub, settled }: VerbContext, given: DispatchArgs): Promise<JobRecord> {
  const spec = makeSpec(given);
  const scope = given.all ? 'all' : 'one';
  const { on } = given;
  const need = findNeeds(given);
  const targets = planTargets(hub.desk.listCandidates(), { on, need, scope });
  const [first] = targets;
  const isGroup = given.all || given.on.length > 1;
  return hub.desk.dispatch({
    ...(given.key === undefined ? {} : { key: given.key }),
    labels: [...new Set(given.label)],
    title: makeTitle(given),
    spec,
    need,
    on: given.on.length === 1 ? (first?.key ?? null) : null,
    workers: targets.map((worker) => worker.key),
    shape: isGroup ? 'group' : 'single',
    planned: (about) => settled({ about, worker: targets.map(({ name }) => name).join(',') }),
  });
}

/** What is asked for, and what the work can't be without. */
function findNeeds({ need, harness, base }: DispatchArgs): readonly string[] {
  const own = [...(harness === undefined ? [] : [harness]), ...(base === undefined ? [] : ['git'])];
  return [...new Set([...need, ...own])];
}

function makeSpec(given: DispatchArgs): CommandSpec {
  const spec: CommandSpec = {
    command: given.command,
    ...mergeVariables(given.env, given.secret),
    isIdempotent: given.idempotent,
    lostAfterMs: given['lost-after'] ?? findLostAfterDefault(given),
    ...(given.cwd === undefined ? {} : { cwd: given.cwd }),
    ...makePlace(given),
    ...makePrompt(given),
    ...(given.deadline === undefined ? {} : { deadlineMs: given.deadline }),
    ...(given['stop-after'] === undefined ? {} : { stopAfterMs: given['stop-after'] }),
    ...(given.replace ? { mayReplace: true } : {}),
    ...(given.reconcile === undefined ? {} : { reconcile: given.reconcile }),
    ...(given.artifact.length === 0 ? {} : { artifacts: given.artifact }),
  };
  // What a message or a row could not hold must not become a job.
  const issue = commandSpecSchema.safeParse(spec).error?.issues[0];
  if (issue !== undefined) {
    const where = issue.path.join('.');
    throw new AppError(
      'USAGE_ARGUMENT',
      `dispatch: ${where} is over its limit (${issue.message}).`,
    );
  }
  if (encodeValue(spec).length > specBytesMax) {
    throw new AppError('USAGE_ARGUMENT', 'dispatch: command and environment are over 200 KiB.');
  }
  return spec;
}

interface PolicyArgs {
  readonly idempotent: boolean;
  readonly replace: boolean;
  readonly 'lost-after'?: number | undefined;
  readonly 'stop-after'?: number | undefined;
}

function makePlace({ repo, base }: DispatchArgs): Pick<CommandSpec, 'repo'> {
  if (repo === undefined) return {};
  return { repo: base === undefined ? repo : { path: repo, base } };
}

function makePrompt({ prompt, harness }: DispatchArgs): Pick<CommandSpec, 'prompt'> {
  if (prompt === undefined || harness === undefined) return {};
  return { prompt: { harness, text: prompt } };
}

/** What is asked is a command or a prompt, never both, and a prompt is for somebody. */
function findAskFault(given: {
  readonly command: readonly string[];
  readonly prompt?: string | undefined;
  readonly harness?: string | undefined;
  readonly repo?: string | undefined;
  readonly base?: string | undefined;
}): string | undefined {
  const { command, prompt, harness, repo, base } = given;
  if (base !== undefined && repo === undefined) return '--base needs --repo, whose commit it is';
  if (prompt === undefined) {
    if (harness !== undefined) return '--harness is for a --prompt';
    if (command.length === 0) return 'no command was given (put it after --)';
    return command.some((word) => word.trim() !== '') ? undefined : 'the command is empty';
  }
  if (command.length > 0) return 'a command and a --prompt exclude each other';
  if (prompt.trim() === '') return 'the --prompt is empty';
  // On a command line it was read before this.
  if (prompt === '-') return 'there is no stdin here to read the --prompt from';
  return harness === undefined ? '--prompt needs --harness ID, whom it is for' : undefined;
}

/** A policy that could run something twice unknowingly, or that could never apply, is refused. */
function findPolicyFault(given: PolicyArgs): string | undefined {
  const { idempotent, replace } = given;
  if (!replace) return undefined;
  if (!idempotent) return '--replace may run it twice: say --idempotent too';
  const stopAfterMs = given['stop-after'];
  if (stopAfterMs === undefined) {
    return '--replace needs --stop-after, so that the lost attempt is surely over';
  }
  const leastMs = findReplaceAfterMs(stopAfterMs);
  const lostAfterMs = given['lost-after'] ?? leastMs;
  if (lostAfterMs >= leastMs) return undefined;
  return `--replace with this --stop-after needs --lost-after ${Math.ceil(leastMs / 1000)}s or more`;
}

/** What may be replaced is given up as soon as it is surely over, all else only after a long time. */
function findLostAfterDefault(given: PolicyArgs): number {
  const stopAfterMs = given['stop-after'];
  if (!given.replace || stopAfterMs === undefined) return lostAfterMsDefault;
  return findReplaceAfterMs(stopAfterMs);
}

/** One line that is safe on any terminal, whoever thought of it. */
function makeTitle({ title, command, prompt }: DispatchArgs): string {
  const words = title ?? (prompt === undefined ? command.join(' ') : prompt);
  const line = stripControls(words).replaceAll(/\s+/g, ' ').trim();
  return line.length > titleLettersMax ? `${line.slice(0, titleLettersMax - 1)}…` : line;
}
