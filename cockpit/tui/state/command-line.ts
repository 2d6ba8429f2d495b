/*
 * The `:` line: any verb of the grammar, completed, checked and asked of the hub. Pure.
 *
 * A verb that only shows what a pane shows goes to that pane. Where an operand is left out, what is
 * marked or selected stands for it, one request for each. What destroys asks first.
 */
import { AppError, wrapError } from '../../../protocol/errors.ts';
import type { JobId } from '../../../protocol/model.ts';
import { isFollowing, parseRequest } from '../../verbs/command-line.ts';
import type { Command } from '../keys/keymap.ts';
import { pastLinesMax } from '../limits.ts';
import { paneIds } from '../views/layout.ts';
import { applyCandidate, completeLine } from './complete.ts';
import { ask, type Effect, requestOf, still, subjectOf, type Update } from './effects.ts';
import { chosenWords, findVerbOf, kindOf, type ScreenVerb } from './grammar.ts';
import { describeLeft, leaveGroups } from './groups.ts';
import { readJobWord } from './job-order.ts';
import type { CommandLine, State } from './model.ts';
import { goTo } from './places.ts';
import { openSteps } from './steps.ts';
import { editText, insertText } from './text-field.ts';
import { tell, warn } from './toast.ts';

/** Opens the line with `text` in it. */
export function openCommandLine(state: State, text: string): Update {
  const field = { text, caret: text.length };
  const overlay = { type: 'command', field, choice: undefined, past: -1, error: '' } as const;
  return still({ ...state, overlay });
}

/** A command of the line's own keys. */
export function applyLineCommand(state: State, line: CommandLine, command: Command): Update {
  switch (command) {
    case 'line-close':
      return still({ ...state, overlay: undefined });
    case 'line-accept':
      return runLine(state, line);
    case 'line-complete':
      return still(withLine(state, chooseCandidate(state, line, 1)));
    case 'line-complete-back':
      return still(withLine(state, chooseCandidate(state, line, -1)));
    case 'line-older':
      return still(withLine(state, recall(state, line, 1)));
    case 'line-newer':
      return still(withLine(state, recall(state, line, -1)));
    default: {
      const field = editText(line.field, command);
      return still(withLine(state, { ...line, field, choice: undefined, error: '' }));
    }
  }
}

/** Text typed or pasted into the line. */
export function typeIntoLine(state: State, line: CommandLine, text: string): Update {
  const field = insertText(line.field, text);
  return still(withLine(state, { ...line, field, choice: undefined, error: '' }));
}

/** The line as it was typed, without the candidate that is being tried. */
export function typedText(line: CommandLine): string {
  return line.choice?.typed ?? line.field.text;
}

function withLine(state: State, line: CommandLine): State {
  return { ...state, overlay: line };
}

/** The only candidate is taken; of several the next one is tried. */
function chooseCandidate(state: State, line: CommandLine, step: number): CommandLine {
  const typed = typedText(line);
  const { from, candidates } = completeLine(state, typed);
  const count = candidates.length;
  if (count === 0) return line;
  const before = line.choice?.index ?? (step > 0 ? -1 : 0);
  const index = (before + step + count) % count;
  const candidate = candidates[index];
  if (candidate === undefined) return line;
  const text = applyCandidate(typed, from, candidate);
  const choice = count === 1 ? undefined : { typed, index };
  return { ...line, field: { text, caret: text.length }, choice, error: '' };
}

function recall(state: State, line: CommandLine, step: number): CommandLine {
  const past = Math.max(-1, Math.min(state.pastLines.length - 1, line.past + step));
  const text = past < 0 ? '' : (state.pastLines[past] ?? '');
  return { ...line, past, field: { text, caret: text.length }, choice: undefined, error: '' };
}

function runLine(state: State, line: CommandLine): Update {
  const text = line.field.text.trim();
  if (text === '') return still({ ...state, overlay: undefined });
  if (text === 'q' || text === 'quit') return ask(state, { type: 'quit' });
  try {
    return performLine(remember({ ...state, overlay: undefined }, text), text);
  } catch (thrown) {
    const error = wrapError(thrown, 'USAGE_VERB');
    return still(withLine(state, { ...line, choice: undefined, error: error.message }));
  }
}

/** Errors: USAGE_VERB, USAGE_FLAG, USAGE_ARGUMENT. */
function performLine(state: State, text: string): Update {
  if (text === 'up') return startHub(state);
  const found = findVerbOf(state, text);
  if (found === undefined) {
    throw new AppError('USAGE_VERB', `There is no verb "${text.split(/\s/)[0]}"; tab shows them.`);
  }
  const { verb, rest } = found;
  const place = findPlace(state, verb, rest);
  if (place !== undefined) return place;
  const shellText = `${verb.name}: this one streams; \`wally ${text}\` in a shell has it`;
  const isInPieces = inPieces.has(verb.name) || isFollowing({ verb: verb.name, args: {} });
  if (isInPieces) return tell(state, shellText);
  if (verb.danger === 'destroys') assertKnown(state, verb, rest);
  const effects = planRequests(state, verb, rest);
  const isStream = effects.some((one) => one.type === 'request' && isFollowing(one.request));
  if (isStream) return tell(state, shellText);
  const known = tellLeft(state, verb, rest);
  if (verb.danger === 'destroys') return confirmLine(known, text, effects);
  return ask(openSteps(known, effects), ...effects);
}

/** What was chosen and is not asked for stays on the screen until a key, above all that comes of the rest. */
function tellLeft(state: State, verb: ScreenVerb, rest: readonly string[]): State {
  if (verb.refusesGroups !== true) return state;
  const left = describeLeft(state, findChosen(state, verb, rest));
  return left === undefined ? state : warn(state, `${verb.name}: ${left}`).state;
}

/**
 * The one verb that no hub can answer. Only the home's own hub is started; one that was named never is.
 */
function startHub(state: State): Update {
  if (state.link.type !== 'gone') return tell(state, 'up: the hub is up');
  if (state.hubs.names.length > 0) {
    return tell(state, 'up: a hub that was named is started on its own box, by `wally up`');
  }
  const told = tell(state, 'up: the hub is being started');
  return ask(told.state, ...told.effects, { type: 'start-hub' });
}

/**
 * Nobody is asked to be sure about what is surely not there.
 * Errors: JOB_UNKNOWN, WORKER_UNKNOWN, DECISION_UNKNOWN.
 */
function assertKnown(state: State, verb: ScreenVerb, rest: readonly string[]): void {
  const kind = kindOf(verb.operands[0] ?? '');
  const isMany = verb.operands[0]?.endsWith('…') === true;
  const words = rest.filter((word) => !word.startsWith('-')).slice(0, isMany ? undefined : 1);
  for (const word of words) {
    if (kind === 'job' && isSurelyNoJob(state, word)) {
      throw new AppError('JOB_UNKNOWN', `There is no job ${readJobWord(word)}.`);
    }
    if (kind === 'worker' && state.hasTeam && !state.team.some(({ name }) => name === word)) {
      throw new AppError('WORKER_UNKNOWN', `There is no worker named "${word}".`);
    }
  }
}

/** The newest are all here, so none has a higher number than they; of what is older the hub knows. */
function isSurelyNoJob({ jobs, hasJobs, hubs }: State, word: string): boolean {
  const id = readJobWord(word);
  if (!hasJobs || hubs.news.length > 0 || !/^J\d+$/.test(id)) return false;
  return Number(id.slice(1)) > Number((jobs[0]?.id ?? 'J0').slice(1));
}

/** Verbs that end, but whose answer comes in pieces that nothing on the screen takes. */
const inPieces: ReadonlySet<string> = new Set(['logs', 'logs find']);

/** Verbs whose answer a pane shows: the line leads there. */
function findPlace(state: State, verb: ScreenVerb, rest: readonly string[]): Update | undefined {
  const pane = paneIds.find((id) => id === verb.name);
  if (pane !== undefined && rest.length === 0) return goTo(state, { pane });
  if (verb.name === 'team show') return goTo(state, { worker: rest[0] ?? '' });
  if (verb.name !== 'job' && verb.name !== 'logs') return undefined;
  const [word = '', ...more] = rest.length === 0 ? chosenWords(state, 'job') : rest;
  const job = readJobWord(word) as JobId;
  const isKnown = more.length === 0 && state.jobs.some(({ id }) => id === job);
  if (!isKnown) return undefined;
  return goTo(state, { job, shows: verb.name === 'job' ? 'details' : 'log' });
}

/** One request, or one for each of what is chosen where its first operand was left out. Errors: JOB_GROUP. */
function planRequests(state: State, verb: ScreenVerb, rest: readonly string[]): readonly Effect[] {
  const chosen = findChosen(state, verb, rest);
  if (chosen.length === 0) return [requestLine(verb, rest)];
  if (verb.operands[0]?.endsWith('…') === true) return [requestLine(verb, [...chosen, ...rest])];
  const some = verb.refusesGroups === true ? leaveGroups(state, chosen) : chosen;
  return some.map((word) => requestLine(verb, [word, ...rest]));
}

/** What stands for the first operand where it was left out and can't be. */
function findChosen(state: State, verb: ScreenVerb, rest: readonly string[]): readonly string[] {
  const [operand = ''] = verb.operands;
  const kind = kindOf(operand);
  const isLeftOut = rest.every((word) => word.startsWith('-')) && !operand.endsWith('?');
  return kind !== undefined && isLeftOut ? chosenWords(state, kind) : [];
}

function requestLine(verb: ScreenVerb, words: readonly string[]): Effect {
  const { args, wantsHelp } = parseRequest(verb, words);
  if (wantsHelp) throw new AppError('USAGE_FLAG', `${verb.name}: ${verb.summary}.`);
  const line = [verb.name, ...words].join(' ');
  const tells = verb.showItem === undefined ? {} : ({ tells: true } as const);
  return requestOf(verb.name, args, { for: 'line', line, verb: verb.name, ...tells });
}

function confirmLine(state: State, text: string, effects: readonly Effect[]): Update {
  const [first] = effects;
  // An operand that was left out is what is chosen: that is what one is asked about.
  const line =
    effects.length === 1 && first?.type === 'request' ? subjectOf(first.request.purpose) : text;
  const many = effects.length === 1 ? [] : [`${effects.length} times, for all that is chosen.`];
  return still({
    ...state,
    overlay: {
      type: 'confirm',
      title: 'Sure?',
      text: [line, ...many, 'This can’t be taken back.'],
      no: 'No',
      yes: 'Yes, do it',
      answer: 'no',
      effects,
    },
  });
}

function remember(state: State, text: string): State {
  const others = state.pastLines.filter((line) => line !== text);
  return { ...state, pastLines: [text, ...others].slice(0, pastLinesMax) };
}
