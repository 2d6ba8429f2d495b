/*
 * The entry of the screen: puts store, feed and Ink together, and gives the terminal back.
 *
 * Draws only when the state changes. On every way out (a key, a closed terminal, a fault, a signal)
 * the alternate screen is left, the cursor shown and the terminal's modes restored: Ink does that
 * when it is unmounted and when the process ends, and nothing here ends the process.
 */
import type { FindingName } from '../../protocol/doctor.ts';
import { AppError, wrapError } from '../../protocol/errors.ts';
import type { Ports } from '../../protocol/ports.ts';
import type { HubClient } from '../hub/client.ts';
import { copyText } from './clipboard.ts';
import type { Binding } from './keys/keymap.ts';
import { suspendMsMax } from './limits.ts';
import { type Drawing, openDrawing } from './panes/drawing.tsx';
import { saveLog } from './save-log.ts';
import type { Inspection } from './state/doctor-rows.ts';
import type { HandOver } from './state/effects.ts';
import { type FetchFile, HubFeed, type HubView } from './state/feed.ts';
import type { DispatchArgs } from './state/form-args.ts';
import type { PastDispatches } from './state/form-history.ts';
import type { ScreenVerb } from './state/grammar.ts';
import { openHubsView } from './state/hubs.ts';
import { openState, type ScreenPrefs, type State } from './state/model.ts';
import { CockpitStore, type WorldEffect } from './state/store.ts';
import { enterSequence, leaveSequence } from './state/terminal.ts';

/** What the screen is opened with. */
export interface CockpitOptions {
  /** A connection to the first of the views. */
  readonly client: HubClient;
  /** What can be looked into, at least one. */
  readonly views: readonly HubView[];
  readonly fetch: FetchFile;
  readonly ports: Ports;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  /** Directory for what is saved by name alone. */
  readonly savedPath: string;
  /** Puts text into the clipboard of this box; false where it has none. */
  readonly copyHere: (text: string) => Promise<boolean>;
  readonly env: { readonly term: string };
  /** The cockpit's own doctor, asked when the others are; with a finding it mends that first. */
  readonly inspectCockpit: (only?: FindingName) => Promise<Inspection>;
  /** The keys in force, and how the screen looks. */
  readonly keymap: readonly Binding[];
  readonly screen: ScreenPrefs;
  /** What is wrong with how it was configured; said once, and stays until it was seen. */
  readonly problems: readonly string[];
  readonly version: string;
  /** Uses the lent terminal for something else; resolves with what went wrong, if anything did. */
  readonly handOver: (client: HubClient, what: HandOver) => Promise<string | undefined>;
  /** Puts a text before the M2's editor on the lent terminal; resolves with what it became. */
  readonly editText: (asked: Asked) => Promise<EditedText>;
  /** Starts the hub of this home; resolves with what to say. */
  readonly startHub: () => Promise<string>;
  /** What was dispatched before, beyond this screen. */
  readonly past: PastDispatches;
  /** The grammar that the `:` line and the palette speak. */
  readonly verbs: readonly ScreenVerb[];
}

/** A text of the form for an editor, and what it is. */
export interface Asked {
  readonly text: string;
  readonly ask: 'command' | 'prompt';
}

/** What an editor made of a text, or why it made nothing. */
export type EditedText = { readonly text: string } | { readonly trouble: string };

/** Why the screen was left. */
export interface CockpitEnd {
  readonly reason: 'quit' | 'hub-gone';
  readonly message?: string;
}

/**
 * Shows the screen until it is left; the client is closed then.
 * Errors: TERMINAL_MISSING where there is no terminal that can show it.
 */
export async function runCockpit(options: CockpitOptions): Promise<CockpitEnd> {
  const { stdin, stdout, env } = options;
  if (!stdin.isTTY || !stdout.isTTY || env.term === 'dumb') {
    throw new AppError('TERMINAL_MISSING', 'The screen needs a terminal that can place text.');
  }
  const cockpit = openCockpit(options);
  const sizes = watchSizes(stdout, () =>
    cockpit.store.send([{ type: 'resize', ...sizeOf(stdout) }]),
  );
  stdin.once('end', cockpit.leave);
  try {
    await cockpit.show();
  } finally {
    sizes.stop();
    stdin.off('end', cockpit.leave);
    cockpit.feed.stop();
    cockpit.store.close();
  }
  return endOf(cockpit.store.getState());
}

function openCockpit(options: CockpitOptions) {
  const { client, views, fetch, ports, stdin, stdout } = options;
  const exit = { drawing: undefined as Drawing | undefined };
  const perform = (effect: WorldEffect): void => {
    if (effect.type === 'request') feed.request(effect.request);
    else if (effect.type === 'log') feed.askLog(effect.ask);
    else if (effect.type === 'copy') tell(copyText(options, effect.text, effect.what));
    else if (effect.type === 'save-log') tell(saveLog(feed.client, options.savedPath, effect.save));
    else if (effect.type === 'follow-events') feed.followEvents(effect.after);
    else if (effect.type === 'inspect') inspect(options, store, effect.only);
    else if (effect.type === 'look-into') feed.lookInto(effect.at);
    else if (effect.type === 'quit') exit.drawing?.leave();
    else if (effect.type === 'write') stdout.write(effect.text);
    else if (effect.type === 'hand-over') lend(() => handOver(effect.what));
    else if (effect.type === 'edit-text') lend(() => editCommand(options, store, effect));
    else if (effect.type === 'start-hub') tell(options.startHub());
    else if (effect.type === 'remember') keepDispatch(options, store, effect.entry);
    else lend(effect.type === 'suspend' ? () => stopUntilResumed(ports) : redraw);
  };
  const handOver = async (what: HandOver): Promise<void> => {
    const trouble = await options.handOver(feed.client, what);
    if (trouble !== undefined) store.send([{ type: 'problem', text: trouble }]);
  };
  /** Giving the terminal away and taking it back draws everything again; a second time at once is refused by Ink. */
  const lend = (use: () => Promise<void>): void => {
    const useBare = async () => {
      stdout.write(leaveSequence);
      await use();
      stdout.write(enterSequence(store.getState()));
    };
    exit.drawing?.lend(useBare).catch(() => undefined);
  };
  const tell = (done: Promise<string>): void => tellEnd(done, store);
  const store = new CockpitStore({ ports, perform, initial: openState(seedOf(options)) });
  const told = { feed: store.feed, later: store.later, send: store.send };
  const feed = new HubFeed({ client, views, fetch, ports, ...told });
  const { getState, subscribe, send } = store;
  const show = async (): Promise<void> => {
    const drawing = openDrawing({
      ...{ stdin, stdout, timers: ports.timers, getState, subscribe, send },
      onReady: () => stdout.write(enterSequence(getState())),
      onLeave: () => stdout.write(leaveSequence),
    });
    exit.drawing = drawing;
    feed.start();
    send(options.problems.map((text) => ({ type: 'problem', text })));
    readPast(options, store);
    await drawing.ended;
  };
  return { store, feed, show, leave: () => exit.drawing?.leave() };
}

/** Says what came of something that this program does itself. */
function tellEnd(done: Promise<string>, store: CockpitStore): void {
  done.then(
    (text) => store.send([{ type: 'said', level: 'info', text }]),
    (thrown: unknown) => {
      const { code, message } = wrapError(thrown, 'HUB_INTERNAL');
      store.send([{ type: 'said', level: 'bad', text: `${code}: ${message}` }]);
    },
  );
}

/** What the terminal is asked never holds up the screen; where it does not answer, little is known. */
function inspect(
  { inspectCockpit }: CockpitOptions,
  store: CockpitStore,
  only: FindingName | undefined,
): void {
  inspectCockpit(only).then(
    (inspection) => store.send([{ type: 'inspected', inspection }]),
    (thrown: unknown) => {
      const { message: text } = wrapError(thrown, 'TERMINAL_MISSING');
      store.send([{ type: 'problem', text }]);
    },
  );
}

/** The form's command goes to the M2's editor, and what it became goes back to the form. */
async function editCommand(
  { editText }: CockpitOptions,
  store: CockpitStore,
  { token, text, ask }: Extract<WorldEffect, { type: 'edit-text' }>,
): Promise<void> {
  const end = await editText({ text, ask });
  const isGood = 'text' in end;
  store.send([
    isGood ? { type: 'edited', token, text: end.text } : { type: 'problem', text: end.trouble },
  ]);
}

/** No key waits for what was dispatched before; a file that can't be read or written is said. */
function readPast({ past }: CockpitOptions, store: CockpitStore): void {
  past.read().then(
    (entries) => store.send([{ type: 'history', entries }]),
    (thrown) => tellTrouble(store, thrown),
  );
}

function keepDispatch({ past }: CockpitOptions, store: CockpitStore, entry: DispatchArgs): void {
  past.add(entry).catch((thrown) => tellTrouble(store, thrown));
}

function tellTrouble(store: CockpitStore, thrown: unknown): void {
  const { code, message } = wrapError(thrown, 'HUB_INTERNAL');
  store.send([{ type: 'problem', text: `${code}: ${message}` }]);
}

function seedOf(options: CockpitOptions) {
  const { ports, stdout, version, verbs, keymap, screen, views } = options;
  const wallMs = ports.clock.wallMs();
  const zoneMinutes = -new Date(wallMs).getTimezoneOffset();
  return {
    version,
    verbs,
    keymap,
    screen,
    hubs: openHubsView(views.map(({ name }) => name).filter((name) => name !== '')),
    zoneMinutes,
    wallMs,
    nowMs: ports.clock.monotonicMs(),
    ...sizeOf(stdout),
  };
}

function sizeOf(stdout: NodeJS.WriteStream): { readonly columns: number; readonly rows: number } {
  return { columns: stdout.columns, rows: stdout.rows };
}

/**
 * Calls `tell` whenever the terminal has or had another size. Node says nothing of one that changed there and
 * back before anybody looked, after which a terminal may have kept little of what it showed.
 */
function watchSizes(stdout: NodeJS.WriteStream, tell: () => void): { stop(): void } {
  let isTold = false;
  const onSize = () => {
    isTold = true;
    tell();
  };
  // Node's own listener is older than this one, so the stream has spoken already, if it does.
  const onSignal = () => {
    if (!isTold) tell();
    isTold = false;
  };
  stdout.on('resize', onSize);
  process.on('SIGWINCH', onSignal);
  return {
    stop: () => {
      stdout.off('resize', onSize);
      process.off('SIGWINCH', onSignal);
    },
  };
}

function endOf(state: State): CockpitEnd {
  if (state.link.type !== 'gone') return { reason: 'quit' };
  return { reason: 'hub-gone', message: state.link.reason };
}

async function redraw(): Promise<void> {}

/**
 * Stops this process group as the terminal's own ctrl-z would, so that what started us (npm, a
 * shell script) stops too. Resolves when it is continued, or soon when nobody could stop it.
 */
function stopUntilResumed({ timers }: Ports): Promise<void> {
  return new Promise((resolve) => {
    const cancel = timers.after(suspendMsMax, () => finish());
    const finish = () => {
      cancel();
      process.off('SIGCONT', finish);
      resolve();
    };
    process.once('SIGCONT', finish);
    process.kill(0, 'SIGTSTP');
  });
}
