/*
 * The CLI: one request from argv to its answer and exit status.
 *
 * Text for people goes to stdout when it is the answer and to stderr when it is about the run; with
 * `--json` stdout holds JSON alone, errors included. It decides nothing about jobs: verbs do.
 */
import { isAlive } from '../../protocol/ask-alive.ts';
import type { Finding } from '../../protocol/doctor.ts';
import { AppError, wrapError } from '../../protocol/errors.ts';
import type { AuditRow } from '../../store/audit-list.ts';
import { showAuditRow } from '../../store/audit-text.ts';
import { findDeadHome } from '../../store/doctor/dead-home.ts';
import { findHubHome } from '../home.ts';
import type { HubClient } from '../hub/client.ts';
import type { HubWay } from '../hub/hub-way.ts';
import type { Program } from '../ports.ts';
import { findGrammar, parseRequest, type Request } from '../verbs/command-line.ts';
import { showEvent } from '../verbs/events.ts';
import { waitVerb } from '../verbs/jobs.ts';
import { verbs } from '../verbs/registry.ts';
import type { EventRow, JobDetail } from '../verbs/shapes.ts';
import { plain } from '../verbs/text.ts';
import { type AnyVerb, type HublessScene, parseVerbArgs } from '../verbs/verb.ts';
import { startHubOf } from './connect.ts';
import { addCockpit, nameLooked } from './doctor/ask-doctor.ts';
import { exportInto, exportTo } from './export-file.ts';
import { followLines } from './follow-lines.ts';
import { followLog, isPlainFollow } from './follow-log.ts';
import { getArtifact, printArtifact } from './get.ts';
import { showHelp, showVerbHelp } from './help.ts';
import { findHubWays } from './hub-ways.ts';
import { takeHubWords } from './hub-words.ts';
import { awaitJobs, dispatchAndFollow, dispatchAndWait } from './job-end.ts';
import { runLinear } from './linear.ts';
import { localVerbs } from './local.ts';
import type { LocalVerb } from './local-verb.ts';
import { openHubs } from './open-hubs.ts';
import { printLogItem } from './print-log.ts';
import { readPrompt } from './read-prompt.ts';
import { readSecrets } from './read-secrets.ts';
import { runSteps } from './run-steps.ts';
import { openScreen } from './screen.ts';
import { SteadyHub } from './steady-hub.ts';
import { chooseStyle } from './style.ts';
import { assertTerminal, runTerminal } from './terminal.ts';
import { watchSilence } from './watch-silence.ts';

/** As `--out` it is no file, as everywhere. */
const stdoutName = '-';

/** Verbs whose answer is a stream of items. */
const streamed: ReadonlySet<string> = new Set(['logs', 'logs find', 'logs follow', 'watch']);

/** Of these what they answer is what logs lack. */
const lackVerbs: ReadonlySet<string> = new Set(['logs', 'logs follow']);

/** Runs one command line; resolves with the exit status. Never rejects. */
export async function runCli(program: Program, version: string): Promise<number> {
  const isJson = wantsJson(program.argv);
  try {
    const { hubs, argv } = takeHubWords(program.argv);
    return await runRequest({ program: { ...program, argv }, version, hubs });
  } catch (thrown) {
    return report(program, wrapError(thrown, 'HUB_INTERNAL'), isJson);
  }
}

/** What was asked of which program, and the hubs that were named. */
interface Scene {
  readonly program: Program;
  readonly version: string;
  readonly hubs: readonly string[];
}

async function runRequest(scene: Scene): Promise<number> {
  const { program, version } = scene;
  const [first] = program.argv;
  const grammars = [...localVerbs, ...verbs];
  if (first === undefined || (first === '--json' && program.argv.length === 1)) {
    const form = first === '--json' ? 'json' : 'text';
    return withWays(asSurface(scene, 'screen'), (program, ways) =>
      openScreen({ program, version, ways }, form),
    );
  }
  if (first === '--linear' && program.argv.length === 1) {
    return withWays(asSurface(scene, 'linear'), runLinear);
  }
  if (first === 'help' || first === '--help' || first === '-h') {
    const topic =
      program.argv[1] === undefined ? undefined : findGrammar(program.argv.slice(1), grammars);
    const text = topic === undefined ? showHelp(grammars, version) : showVerbHelp(topic.grammar);
    await program.print(`${text}\n`);
    return 0;
  }
  const { grammar, rest } = findGrammar(program.argv, grammars);
  const typed = parseRequest(grammar, rest);
  if (typed.wantsHelp) {
    await program.print(`${showVerbHelp(grammar)}\n`);
    return 0;
  }
  const request = readSecrets(program, await readPrompt(program, typed));
  if (!('args' in grammar)) return runLocal(scene, grammar, request);
  // Several hubs qualify what they are asked about; each parses what is its own.
  if (scene.hubs.length < 2) parseVerbArgs(grammar, request.args);
  return withWays(scene, (_, ways) => runRemote({ program, ways, verb: grammar, request }));
}

function asSurface({ program, ...scene }: Scene, surface: Program['surface']): Scene {
  return { ...scene, program: { ...program, surface } };
}

/** Finds the ways, and lets go of what connections were made with in the end. */
async function withWays(
  { program, hubs }: Scene,
  run: (program: Program, ways: readonly HubWay[]) => Promise<number>,
): Promise<number> {
  const ways = await findHubWays(program, hubs);
  try {
    return await run(program, ways);
  } finally {
    await Promise.all(ways.map((way) => way.release()));
  }
}

/** A verb that runs here is about a home on this box. */
async function runLocal(scene: Scene, verb: LocalVerb, request: Request): Promise<number> {
  const { program: given, version, hubs } = scene;
  const [way, ...others] = hubs.length === 0 ? [] : await findHubWays(given, hubs);
  if (way !== undefined && (way.home === undefined || others.length > 0)) {
    const detail = `${verb.name}: this is about one hub, on its own box.`;
    throw new AppError('USAGE_ARGUMENT', detail);
  }
  const home = way?.home === undefined ? {} : { WALLY_HOME: way.home.directory };
  const program = { ...given, env: { ...given.env, ...home } };
  const answer = await verb.run(program, request.args, version);
  if (request.isJson) await printJson(program, answer.value);
  else await printText(program, answer.show(chooseStyle(program.isTerminal, program.env.NO_COLOR)));
  return answer.exit ?? 0;
}

interface Remote {
  readonly program: Program;
  readonly ways: readonly HubWay[];
  readonly verb: AnyVerb;
  readonly request: Request;
}

async function runRemote(remote: Remote): Promise<number> {
  const { program, ways, verb, request } = remote;
  if (verb.name === 'terminal') assertTerminal(program, request);
  const dead = await findDead(remote);
  if (dead.length > 0) {
    await printAnswer(remote, verb, { findings: dead, fixed: [] });
    return 1;
  }
  const missed: AppError[] = [];
  const client = await openHubs(program, ways, (hub, error) => {
    missed.push(error);
    program.say(`wally: ${hub}: ${error.message} [${error.code}]`);
  }).catch((error: unknown) => {
    if (isHubless(error, remote)) return undefined;
    throw error;
  });
  if (client === undefined) return runHubless(remote);
  const { say, ports } = program;
  // Whoever asks what is wrong with a hub that hangs must not hang with it.
  if (isForHome(remote) && !(await isAlive(client, ports.timers))) {
    client.close();
    return runHubless(remote, 'silent');
  }
  const [only, ...others] = ways;
  // Several hubs as one come back by themselves.
  const isOne = only !== undefined && others.length === 0;
  const reach = isOne ? () => only.connect() : async () => client;
  const hub = new SteadyHub({ client, reach, ports, say });
  // A terminal shows by itself that nothing comes, and is no place for lines of ours.
  const isShown = verb.name === 'terminal';
  const asking: Pick<HubClient, 'call'> = { call: (name, args) => hub.client.call(name, args) };
  const watch = { client: asking, timers: ports.timers, say };
  const stopWatching = isShown ? () => undefined : watchSilence(watch);
  try {
    const call = { program, hub, client, request };
    if (verb.name === 'terminal') return await runTerminal(program, client, request);
    if (verb.name === 'export') return await runExport(call);
    if (streamed.has(verb.name) || isFollowed(verb, request)) return await runStream(call, verb);
    if (verb.showItem !== undefined) return await runSteps(call, verb);
    if (verb.name === 'dispatch' && request.args.follow === true) return await runFollow(call);
    if (verb.name === 'dispatch' && request.args.wait === true) return await runWait(call, verb);
    if (verb.name === 'get' && request.args.path !== undefined) return await runGet(call);
    const said =
      verb.name === 'wait' ? await awaitJobs(call) : await client.call(verb.name, request.args);
    const answer = await addOwn(remote, said);
    await printAnswer(call, verb, answer);
    // What could not be asked of all is not the whole answer.
    return missed[0]?.exit ?? verb.exit?.(answer as never) ?? 0;
  } finally {
    stopWatching();
    hub.close();
  }
}

/** What is a window where it is not followed. */
function isFollowed({ name }: AnyVerb, { args }: Request): boolean {
  return (name === 'events' || name === 'audit') && args.follow === true;
}

function isHubless(error: unknown, { verb, ways }: Remote): boolean {
  const isGone = error instanceof AppError && error.code === 'HUB_UNREACHABLE';
  return isGone && verb.runWithoutHub !== undefined && ways[0]?.home !== undefined;
}

/** Is it a diagnosis of one hub on this box, which can be made from outside? */
function isForHome({ verb, ways: [way, ...others], request }: Remote): boolean {
  const isOne = way?.home !== undefined && others.length === 0;
  const { on, list } = request.args;
  return (
    verb.name === 'doctor' && isOne && list !== true && (!Array.isArray(on) || on.length === 0)
  );
}

/** Whoever asks what is wrong with a home on a dead disk must not be caught by it. */
async function findDead(remote: Remote): Promise<readonly Finding[]> {
  const { program, ways } = remote;
  const home = isForHome(remote) ? ways[0]?.home : undefined;
  if (home === undefined) return [];
  return findDeadHome(home.directory, { ...program.ports, box: await program.openBox() });
}

/** A verb that can do something without a hub does it here. */
async function runHubless(
  { program, ways, verb, request }: Remote,
  hub: HublessScene['hub'] = 'gone',
): Promise<number> {
  const { ports, say } = program;
  const box = await program.openBox();
  const home = ways[0]?.home ?? findHubHome(program.env);
  const startHub = () => startHubOf(program, home);
  const scene = { home, hub, ports, box, startHub, say };
  const args = parseVerbArgs(verb, request.args);
  const said = await verb.runWithoutHub?.(scene, args as never);
  const answer = await addOwn({ program, ways, verb, request }, said);
  await printAnswer({ program, request }, verb, answer);
  return verb.exit?.(answer as never) ?? 0;
}

/** What only the asker's own process knows. */
async function addOwn({ program, verb, request }: Remote, said: unknown): Promise<unknown> {
  if (verb.name !== 'doctor') return said;
  const answer = await addCockpit(program, request.args, said);
  return request.isJson ? answer : nameLooked(request.args, answer);
}

interface Call {
  readonly program: Program;
  readonly hub: SteadyHub;
  readonly client: HubClient;
  readonly request: Request;
}

async function runStream(call: Call, verb: AnyVerb): Promise<number> {
  const { program, hub, client, request } = call;
  const { args } = request;
  program.endWithReader();
  const take = (item: unknown) => printItem(program, request, item);
  const isLogs = verb.name === 'logs' && args.follow === true;
  const follow = isPlainFollow(args) ? followLog : followLines;
  const stream = isLogs ? follow({ hub, args, take }) : client.stream(request.verb, args, take);
  program.onSignal(() => stream.cancel());
  const answer = await stream.done;
  const words = answer === null || answer === undefined ? '' : verb.show(answer as never, plain);
  // What a log lacks is said beside the JSON, too.
  if (words !== '' && (!request.isJson || lackVerbs.has(verb.name))) program.say(words);
  return 0;
}

/** `get J PATH`: into a file of the asker's, or as it is to stdout. */
async function runGet({ program, client, request }: Call): Promise<number> {
  const { pid, onSignal } = program;
  const { args } = request;
  if (args.out === stdoutName) {
    if (request.isJson) {
      throw new AppError('USAGE_ARGUMENT', 'get: to stdout go the bytes, or JSON; name a file.');
    }
    program.endWithReader();
    await printArtifact({ client, args, onSignal }, program.print);
    return 0;
  }
  const got = await getArtifact({ client, args, pid, onSignal });
  if (request.isJson) await printJson(program, got);
  else await printText(program, got.file);
  return 0;
}

/** `export`: every item is a page of lines. A signal leaves no file. */
async function runExport({ program, client, request }: Call): Promise<number> {
  const { out, ...args } = request.args;
  const isFile = typeof out === 'string' && out !== stdoutName;
  const target = isFile ? await exportInto(out, program.pid) : exportTo(program.print);
  if (!isFile) program.endWithReader();
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

/** `dispatch --wait`: its answer is the ended job. */
async function runWait(call: Call, verb: AnyVerb): Promise<number> {
  const ended = await dispatchAndWait(call);
  await printAnswer(call, verb, ended);
  return verb.exit?.(ended as never) ?? 0;
}

/** `dispatch -f`: the job's output as it comes, and its outcome as the status. */
async function runFollow(call: Call): Promise<number> {
  const { program, request } = call;
  const ended = await dispatchAndFollow(call, (item) => printItem(program, request, item));
  return reportEnd(program, request, ended);
}

async function reportEnd(program: Program, request: Request, ended: JobDetail): Promise<number> {
  const style = chooseStyle(program.isTerminal, program.env.NO_COLOR);
  if (request.isJson) await printJson(program, ended);
  else program.say(waitVerb.show(ended, style));
  return ended.outcome === 'succeeded' ? 0 : 1;
}

function printItem(program: Program, request: Request, item: unknown): Promise<void> {
  if (request.isJson || request.verb === 'watch') return printJson(program, item);
  if (request.verb === 'audit')
    return printText(program, showAuditRow(item as AuditRow, plain.dim));
  if (request.verb === 'events') return printText(program, showEvent(item as EventRow, plain));
  return printLogItem(program, item, { hasTimestamps: request.args.timestamps === true });
}

async function printAnswer(
  { program, request }: Pick<Call, 'program' | 'request'>,
  verb: AnyVerb,
  answer: unknown,
): Promise<void> {
  const aside = verb.aside?.(answer as never);
  if (aside !== undefined) program.say(aside);
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
