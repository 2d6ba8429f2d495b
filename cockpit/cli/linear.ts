/*
 * `wally --linear`: the cockpit without a screen. Changes come as sentences, lines that are typed are
 * verbs of the one grammar.
 *
 * Nothing is redrawn and no cursor moves, so a screen reader, a pipe or a log can follow. A lost hub
 * is said and tried again. Leaves on `q`, on the end of its input and on a signal.
 * Errors: HUB_* before the first sentence; later ones are sentences.
 */
import { createInterface } from 'node:readline';
import { AppError, wrapError } from '../../protocol/errors.ts';
import { sleep } from '../../protocol/ports.ts';
import type { HubClient } from '../hub/client.ts';
import type { HubWay } from '../hub/hub-way.ts';
import type { Program } from '../ports.ts';
import { reconnectMs } from '../tui/limits.ts';
import { nothingTold, type Told, tellItem } from '../tui/state/sentences.ts';
import { findGrammar, isFollowing, parseRequest, splitWords } from '../verbs/command-line.ts';
import { verbs } from '../verbs/registry.ts';
import type { WatchItem } from '../verbs/shapes.ts';
import { plain } from '../verbs/text.ts';
import { showUsage, showVerbHelp } from './help.ts';
import { openViews } from './open-hubs.ts';
import { tellSilence } from './watch-silence.ts';

/** Runs until it is left; resolves with the exit status. */
export async function runLinear(program: Program, ways: readonly HubWay[]): Promise<number> {
  const { client, views } = await openViews(program, ways);
  const connect = () => views[0]?.connect() ?? Promise.reject(new AppError('HUB_UNREACHABLE'));
  const linear = new Linear(program, client, connect);
  program.onSignal(() => linear.leave());
  program.endWithReader();
  await linear.run();
  return 0;
}

class Linear {
  readonly #program: Program;
  readonly #connect: () => Promise<HubClient>;
  #client: HubClient;
  #told: Told = nothingTold;
  #isLeft = false;
  readonly #left: Promise<void>;
  #resolveLeft: () => void = () => undefined;

  constructor(program: Program, client: HubClient, connect: () => Promise<HubClient>) {
    this.#program = program;
    this.#connect = connect;
    this.#client = client;
    this.#left = new Promise((resolve) => {
      this.#resolveLeft = resolve;
    });
  }

  leave(): void {
    this.#isLeft = true;
    this.#resolveLeft();
    this.#client.close();
  }

  async run(): Promise<void> {
    const lines = createInterface({ input: this.#program.stdin, terminal: false });
    // A pipe that has said all it had is not a person who leaves: what it asked is still answered.
    let asked: Promise<void> = Promise.resolve();
    lines.on('line', (line) => {
      asked = asked.then(() => this.#take(line.trim()));
    });
    lines.on('close', () => {
      asked = asked.then(() => this.leave());
    });
    await Promise.race([this.#watch(), this.#left]);
    lines.close();
  }

  async #watch(): Promise<void> {
    while (!this.#isLeft) {
      const stopTelling = this.#tellSilence();
      const stream = this.#client.stream('watch', {}, (item) => this.#tell(item as WatchItem));
      const reason = await stream.done.then(
        () => 'the hub ended the stream',
        (thrown: unknown) => sayLoss(wrapError(thrown, 'HUB_INTERNAL')),
      );
      stopTelling();
      if (this.#isLeft) return;
      await this.#say(`The hub is gone: ${reason} Work goes on. Trying again.`);
      this.#client.close();
      await this.#comeBack();
    }
  }

  async #comeBack(): Promise<void> {
    const { ports } = this.#program;
    while (!this.#isLeft) {
      await sleep(ports.timers, reconnectMs);
      const client = await this.#connect().catch(() => undefined);
      if (client === undefined) continue;
      this.#client = client;
      return this.#say('The hub is back.');
    }
  }

  async #tell(item: WatchItem): Promise<void> {
    const { told, sentences } = tellItem(this.#told, item);
    this.#told = told;
    for (const sentence of sentences) await this.#say(sentence);
  }

  async #take(line: string): Promise<void> {
    if (line === '' || this.#isLeft) return;
    if (line === 'q' || line === 'quit') return this.leave();
    try {
      await this.#say(await this.#answer(line));
    } catch (thrown) {
      await this.#say(sayError(wrapError(thrown, 'HUB_INTERNAL')));
    }
  }

  /** Errors: USAGE_*, the verb's. */
  async #answer(line: string): Promise<string> {
    const words = splitWords(line);
    if (words[0] === 'help' || words[0] === '?') return sayHelp(words.slice(1));
    const { grammar, rest } = findGrammar(words, verbs);
    const request = parseRequest(grammar, rest);
    const { args } = request;
    if (request.wantsHelp) return showVerbHelp(grammar);
    if (isFollowing(request)) return `${grammar.name} streams; wally ${line} in a shell has it.`;
    const texts: string[] = [];
    const stream = this.#client.stream(grammar.name, args, (item) => {
      if (grammar.showItem !== undefined) return this.#say(grammar.showItem(item, plain));
      if (typeof item === 'object' && item !== null && 'text' in item)
        texts.push(String(item.text));
    });
    const answer = await stream.done.finally(this.#tellSilence());
    const shown = answer == null ? '' : grammar.show(answer as never, plain);
    const aside = answer == null ? undefined : grammar.aside?.(answer);
    if (aside !== undefined) await this.#say(aside);
    return [...texts, shown === '' && texts.length === 0 ? 'Done.' : shown].join('');
  }

  /** Says that the hub hangs, should it; ended by what it gives back. */
  #tellSilence(): () => void {
    const { timers } = this.#program.ports;
    return tellSilence({ client: this.#client, timers, say: (words) => void this.#say(words) });
  }

  #say(text: string): Promise<void> {
    return this.#program.print(text.endsWith('\n') ? text : `${text}\n`);
  }
}

/** Each verb as a sentence, or all about one. Errors: USAGE_VERB. */
function sayHelp(words: readonly string[]): string {
  if (words.length > 0) return showVerbHelp(findGrammar(words, verbs).grammar);
  const lines = verbs.map((verb) => `${showUsage(verb)}: ${verb.summary}.`);
  return [...lines, 'help and a verb tells its flags; q leaves.'].join('\n');
}

/** A watch asks for nothing that might have happened. */
function sayLoss({ code, message }: AppError): string {
  return code === 'HUB_UNREACHABLE' ? 'the connection ended.' : message;
}

/** What to do about it is said in the words of here, not in those of a shell. */
function sayError({ message, code, hint }: AppError): string {
  return `${message} ${code}. ${code === 'USAGE_VERB' ? 'Say help to hear the verbs.' : hint}`;
}
