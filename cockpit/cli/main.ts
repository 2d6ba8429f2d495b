/*
 * The CLI: one request from argv to its answer and exit status.
 *
 * Text for people goes to stdout when it is the answer and to stderr when it is about the run; with
 * `--json` stdout holds JSON alone, errors included. It decides nothing about jobs: verbs do.
 */
import { AppError, wrapError } from '../../protocol/errors.ts';
import { findHubHome } from '../home.ts';
import type { Program } from '../ports.ts';
import { findGrammar, parseRequest, type Request } from '../verbs/command-line.ts';
import { showEvent } from '../verbs/events.ts';
import { waitVerb } from '../verbs/jobs.ts';
import { verbs } from '../verbs/registry.ts';
import type { EventRow, JobDetail } from '../verbs/shapes.ts';
import { plain } from '../verbs/text.ts';
import { type AnyVerb, parseVerbArgs } from '../verbs/verb.ts';
import { connectHub } from './connect.ts';
import { exportInto, exportTo } from './export-file.ts';
import { getArtifact } from './get.ts';
import { showHelp, showVerbHelp } from './help.ts';
import { runLinear } from './linear.ts';
import { type LocalVerb, localVerbs } from './local.ts';
import { printLogItem } from './print-log.ts';
import { openScreen } from './screen.ts';
import { chooseStyle } from './style.ts';
import { assertTerminal, runTerminal } from './terminal.ts';

/** Verbs whose answer is a stream of items. */
const streamed: ReadonlySet<string> = new Set(['logs', 'logs find', 'logs follow', 'watch']);

/** Runs one command line; resolves with the exit status. Never rejects. */
export async function runCli(program: Program, version: string): Promise<number> {
  const isJson = wantsJson(program.argv);
  try {
    return await runRequest(program, version);
  } catch (thrown) {
    return report(program, wrapError(thrown, 'HUB_INTERNAL'), isJson);
  }
}

async function runRequest(program: Program, version: string): Promise<number> {
  const [first] = program.argv;
  const grammars = [...localVerbs, ...verbs];
  if (first === undefined || (first === '--json' && program.argv.length === 1)) {
    return openScreen(program, version, first === '--json' ? 'json' : 'text');
  }
  if (first === '--linear' && program.argv.length === 1) return runLinear(program);
  if (first === 'help' || first === '--help' || first === '-h') {
    const topic =
      program.argv[1] === undefined ? undefined : findGrammar(program.argv.slice(1), grammars);
    const text = topic === undefined ? showHelp(grammars, version) : showVerbHelp(topic.grammar);
    await program.print(`${text}\n`);
    return 0;
  }
  const { grammar, rest } = findGrammar(program.argv, grammars);
  const request = parseRequest(grammar, rest);
  if (request.wantsHelp) {
    await program.print(`${showVerbHelp(grammar)}\n`);
    return 0;
  }
  if (!('args' in grammar)) return runLocal({ program, version }, grammar, request);
  parseVerbArgs(grammar, request.args);
  return runRemote(program, grammar, request);
}

async function runLocal(
  { program, version }: { readonly program: Program; readonly version: string },
  verb: LocalVerb,
  request: Request,
): Promise<number> {
  const answer = await verb.run(program, request.args, version);
  if (request.isJson) await printJson(program, answer.value);
  else await printText(program, answer.show(chooseStyle(program.isTerminal, program.env.NO_COLOR)));
  return 0;
}

async function runRemote(program: Program, verb: AnyVerb, request: Request): Promise<number> {
  if (verb.name === 'terminal') assertTerminal(program, request);
  const home = findHubHome(program.env);
  const client = await connectHub(home).catch((error: unknown) => {
    if (isHubless(error, verb)) return undefined;
    throw error;
  });
  if (client === undefined) return runHubless(program, verb, request);
  try {
    const call = { program, client, request };
    if (verb.name === 'terminal') return await runTerminal(program, client, request);
    if (verb.name === 'export') return await runExport(call);
    if (streamed.has(verb.name) || isFollowed(verb, request)) return await runStream(call, verb);
    if (verb.name === 'dispatch' && request.args.follow === true) return await runFollow(call);
    if (verb.name === 'get' && request.args.path !== undefined) return await runGet(call);
    const answer = await client.call(verb.name, request.args);
    await printAnswer(call, verb, answer);
    return verb.exit?.(answer as never) ?? 0;
  } finally {
    client.close();
  }
}

/** What is a window where it is not followed. */
function isFollowed({ name }: AnyVerb, { args }: Request): boolean {
  return name === 'events' && args.follow === true;
}

function isHubless(error: unknown, { runWithoutHub }: AnyVerb): boolean {
  const isGone = error instanceof AppError && error.code === 'HUB_UNREACHABLE';
  return isGone && runWithoutHub !== undefined;
}

/** A verb that can do something without a hub does it here. */
async function runHubless(program: Program, verb: AnyVerb, request: Request): Promise<number> {
  const { ports, say } = program;
  const scene = { home: findHubHome(program.env), ports, say };
  const args = parseVerbArgs(verb, request.args);
  const answer = await verb.runWithoutHub?.(scene, args as never);
  await printAnswer({ program, request }, verb, answer);
  return verb.exit?.(answer as never) ?? 0;
}

interface Call {
  readonly program: Program;
  readonly client: Awaited<ReturnType<typeof connectHub>>;
  readonly request: Request;
}

async function runStream({ program, client, request }: Call, verb: AnyVerb): Promise<number> {
  const stream = client.stream(request.verb, request.args, (item) =>
    printItem(program, request, item),
  );
  program.onSignal(() => stream.cancel());
  const answer = await stream.done;
  const words = answer === null || answer === undefined ? '' : verb.show(answer as never, plain);
  if (words !== '' && !request.isJson) program.say(words);
  return 0;
}

/** `get J PATH`: into a file of the asker's. */
async function runGet({ program, client, request }: Call): Promise<number> {
  const { pid, onSignal } = program;
  const got = await getArtifact({ client, args: request.args, pid, onSignal });
  if (request.isJson) await printJson(program, got);
  else await printText(program, got.file);
  return 0;
}

/** `export`: every item is a page of lines. A signal leaves no file. */
async function runExport({ program, client, request }: Call): Promise<number> {
  const { out, ...args } = request.args;
  const isFile = typeof out === 'string';
  const target = isFile ? await exportInto(out, program.pid) : exportTo(program.print);
  const stream = client.stream('export', args, (page) =>
    target.write((page as readonly unknown[]).map((line) => `${JSON.stringify(line)}\n`).join('')),
  );
  const left = new AppError('WAIT_TIMEOUT', 'The export was left before its end.');
  const interrupted = new Promise<never>((_, reject) => program.onSignal(() => reject(left)));
  try {
    await Promise.race([stream.done, interrupted]);
    await target.finish();
    return 0;
  } catch (thrown) {
    await target.discard();
    throw thrown;
  }
}

/** Parts of a group whose output `dispatch -f` follows; a link carries no more calls than twice that. */
const followedMax = 100;

/** `dispatch -f`: the job's output as it comes, and its outcome as the status. */
async function runFollow({ program, client, request }: Call): Promise<number> {
  const { wait: _wait, follow: _follow, timeout, ...args } = request.args;
  const job = (await client.call('dispatch', args)) as JobDetail;
  if (!request.isJson) program.say(`${job.id} ${job.title}`);
  const ids = job.kind === 'group' ? job.children.map((part) => part.id) : [job.id];
  const streams = ids
    .slice(0, followedMax)
    .map((id) =>
      client.stream('logs', { job: id, follow: true }, (item) => printItem(program, request, item)),
    );
  const left = new AppError('WAIT_TIMEOUT', `${job.id} was left before it had ended; it goes on.`);
  const interrupted = new Promise<never>((_, reject) => {
    program.onSignal(() => reject(left));
  });
  const wait = { jobs: [job.id], ...(timeout === undefined ? {} : { timeout }) };
  const ended = Promise.race([client.call('wait', wait), interrupted]) as Promise<JobDetail>;
  await Promise.all([ended, ...streams.map((stream) => Promise.race([stream.done, interrupted]))]);
  return reportEnd(program, request, await ended);
}

async function reportEnd(program: Program, request: Request, ended: JobDetail): Promise<number> {
  const style = chooseStyle(program.isTerminal, program.env.NO_COLOR);
  if (request.isJson) await printJson(program, ended);
  else program.say(waitVerb.show(ended, style));
  return ended.outcome === 'succeeded' ? 0 : 1;
}

function printItem(program: Program, request: Request, item: unknown): Promise<void> {
  if (request.isJson || request.verb === 'watch') return printJson(program, item);
  if (request.verb === 'events') return printText(program, showEvent(item as EventRow, plain));
  return printLogItem(program, item, { hasTimestamps: request.args.timestamps === true });
}

async function printAnswer(
  { program, request }: Pick<Call, 'program' | 'request'>,
  verb: AnyVerb,
  answer: unknown,
): Promise<void> {
  if (request.isJson) return printJson(program, answer);
  await printText(
    program,
    verb.show(answer as never, chooseStyle(program.isTerminal, program.env.NO_COLOR)),
  );
}

async function printText(program: Program, text: string): Promise<void> {
  if (text !== '') await program.print(`${text}\n`);
}

function printJson(program: Program, value: unknown): Promise<void> {
  return program.print(`${JSON.stringify(value)}\n`);
}

async function report(program: Program, error: AppError, isJson: boolean): Promise<number> {
  const { code, message, hint } = error;
  if (isJson) await printJson(program, { error: { code, message, hint } });
  else program.say(`wally: ${message} [${code}]\n${hint}`);
  return error.exit;
}

/** Before anything is parsed: an error about the flags themselves must still be JSON. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json');
}
