/*
 * The `odally` command line: join, run, status, doctor, audit, stop, service, policy.
 *
 * Like `wally`: text for people, one JSON value with `--json`, the same exit statuses. What stays in
 * the foreground logs to stderr; `--background` answers once the agent serves.
 */
import { parseArgs } from 'node:util';
import { describeFlagFault } from '../protocol/argument-faults.ts';
import { reportFailure, reportReady, startDaemon } from '../protocol/daemon.ts';
import { AppError, wrapError } from '../protocol/errors.ts';
import { formatFingerprint } from '../protocol/fingerprint.ts';
import { boundHeap } from '../protocol/heap.ts';
import { formatKey, loadOrCreateIdentity } from '../protocol/identity.ts';
import { youngHeapBytesMax } from '../protocol/limits.ts';
import { type DiskHealth, formatMib } from '../store/disk-guard.ts';
import { openBox } from '../store/doctor/box.ts';
import { assertHomeAnswers, type Looker, noticeDeadHome } from '../store/doctor/dead-home.ts';
import { askPatiently, dialAgent, findRunning, type RunningStatus } from './agent-client.ts';
import { runAudit } from './audit-verb.ts';
import { runBackup, runRestore } from './backup-verb.ts';
import { type DoctorCommandParts, runDoctorCommand } from './doctor/command.ts';
import { type AgentHome, findAgentHome, findPairing, type Pairing } from './home.ts';
import { runLeave } from './install/leave-verb.ts';
import { checkSelf } from './install/self-check.ts';
import { runService } from './install/service-verb.ts';
import { endSupervisorOf } from './install/supervisor-record.ts';
import { runUpgrade } from './install/upgrade-verb.ts';
import { joinOverStdio, readCode } from './join-stdio.ts';
import { pair } from './pair.ts';
import { runPolicyVerb } from './policy-verb.ts';
import type { Program } from './ports.ts';
import { type AgentProgramParts, openHomeDoctor, startAgent } from './program.ts';
import { runRepair } from './repair-verb.ts';

/** Attempts that `status` names; a worker may hold a thousand. */
const attemptsShownMax = 16;

const help = `odally: the agent that lends this box to a Wally.

  odally join CODE [--background]   pair with a hub (the code is from \`wally invite\`) and serve it
                                    CODE is - to read it from stdin; --only pairs, and serves nothing yet
  odally run [--background]         serve the hub that this home is paired with
  odally status                     what the agent on this home is doing
  odally policy                     what this box lets its hub do ($ODALLY_HOME/policy.toml)
  odally policy check [--cwd DIR] [--env NAME] -- COMMAND…   what it would say to a command, and why
  odally join --stdio               the same over the bytes of this process; the code is their first line
  odally --stdio                    bring the hub, which runs this by ssh, to the agent on this home
  odally doctor [--area A] [--fix [--safe] [--only ID[:SUBJECT]]] [--dry-run] [--list]
                                    what is wrong with this home and its agent; --fix mends what it can
  odally audit [--since WHEN] [--verb VERB] [--limit N] [--verify [--noted N:HASH]]
                                    what was asked of this box, and by whom; --verify proves that nobody changed it
  odally backup [--out FILE] [--logs] [--artifacts] [--archive]
                                    one file with all that this home must not lose, while the agent works
  odally restore FILE [--dry-run]   put one back; what is there is put aside
  odally repair [--dry-run]         salvage a damaged store; the old one is put aside
  odally stop                       stop it; work that runs is ended, and reported as cancelled
  odally service [VERB]             who keeps it running, now and when the box starts: install, remove, start,
                                    stop, restart or status; by systemd, launchd, or a supervisor and cron
                                    [--kind systemd|launchd|background] [--dry-run]
  odally upgrade [VERSION]          let another version that lies in the home take over once nothing runs, and go back if
                                    it does not come up; --cancel gives it up while it waits; alone: how that stands
  odally leave [--discard J]        leave this box: deliver what is owed, tell the hub, remove service and files; refuses
                                    while work would be lost that --discard does not name (J12, J12.1, all); --dry-run

Every verb takes --json. Home: $ODALLY_HOME (~/.odally).`;

type Flags = {
  readonly json: boolean;
  readonly background: boolean;
  readonly stdio: boolean;
  readonly dryRun: boolean;
  readonly kind: string | undefined;
  readonly runtime: string | undefined;
  readonly format: string | undefined;
  readonly discard: readonly string[];
  readonly watch: boolean;
  readonly cancel: boolean;
  readonly only: boolean;
};

const helpWords: ReadonlySet<string> = new Set(['help', '--help', '-h']);

/** Runs one command line; resolves with the exit status. Never rejects. */
export async function runCli(program: Program, version: string): Promise<number> {
  const isJson = program.argv.includes('--json');
  try {
    return await runVerb(program, version);
  } catch (thrown) {
    const error = wrapError(thrown, 'AGENT_START');
    reportFailure(error);
    const { code, message, hint } = error;
    if (isJson) program.print(JSON.stringify({ error: { code, message, hint } }));
    else program.say(`odally: ${message} [${code}]\n${hint}`);
    return error.exit;
  }
}

async function runVerb(program: Program, version: string): Promise<number> {
  const own = findDoctorWords(program.argv);
  if (own !== undefined) return doctor(program, version, own);
  const [first, ...words] = program.argv;
  const wantsOwnHelp = words.includes('--help') || words.includes('-h');
  if (isAboutHome(program.argv)) await assertAnswers(program);
  if (first === 'audit' && !wantsOwnHelp) return runAudit(program, words);
  if (first === 'backup' && !wantsOwnHelp) return runBackup({ program, version }, words);
  if (first === 'restore' && !wantsOwnHelp) return runRestore(program, words);
  if (first === 'repair' && !wantsOwnHelp) return runRepair(program, words);
  const home = findAgentHome(program.env.ODALLY_HOME);
  const noticed = (line: string) =>
    program.say(`${new Date(program.ports.clock.wallMs()).toISOString()} ${line}`);
  const parts = { program, home, version, noticed };
  // Its command's own flags are not ours to read.
  const isPolicy = program.argv.find((word) => !word.startsWith('-')) === 'policy';
  if (isPolicy && !program.argv.includes('--help')) return runPolicyVerb(parts);
  const { verb, operands, flags, wantsHelp } = readLine(program.argv);
  if (wantsHelp || verb === 'help') {
    program.print(help);
    return 0;
  }
  switch (verb) {
    case 'join':
      return flags.stdio ? joinOverStdio(parts) : join(parts, operands, flags);
    case 'run':
      expectNone(verb, operands);
      return flags.background ? runBehind(parts, flags) : serve(parts, flags);
    case 'status':
      expectNone(verb, operands);
      return showStatus(parts, flags);
    case 'stop':
      expectNone(verb, operands);
      return stop(parts, flags);
    case 'service':
      return runService(parts, operands, flags);
    case 'upgrade':
      return runUpgrade(parts, operands, flags);
    case 'leave':
      return runLeave(parts, operands, flags);
    case 'self-check': {
      const format = flags.format === undefined ? undefined : Number(flags.format);
      program.print(JSON.stringify(await checkSelf(parts, format)));
      return 0;
    }
    default:
      throw new AppError('USAGE_VERB', `There is no verb "${verb}".`);
  }
}

/** What stays in the foreground waits for its home instead, as it does for its hub. */
function isAboutHome(argv: readonly string[]): boolean {
  const [first, ...words] = argv;
  const isHelp = first === undefined || [first, ...words].some((word) => helpWords.has(word));
  return !isHelp && (first !== 'run' || words.includes('--background'));
}

/** Whoever asks about a home on a dead disk must not be caught by it. Errors: HOME_SILENT. */
function assertAnswers(program: Program): Promise<void> {
  return assertHomeAnswers(findAgentHome(program.env.ODALLY_HOME).directory, makeLooker(program));
}

function makeLooker({ env, ports }: Program): Looker {
  return { ...ports, box: openBox(env) };
}

function readLine(argv: readonly string[]) {
  const options = {
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
    background: { type: 'boolean' },
    stdio: { type: 'boolean' },
    'dry-run': { type: 'boolean' },
    kind: { type: 'string' },
    runtime: { type: 'string' },
    format: { type: 'string' },
    discard: { type: 'string', multiple: true },
    watch: { type: 'boolean' },
    cancel: { type: 'boolean' },
    only: { type: 'boolean' },
  } as const;
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true });
    const [verb = 'help', ...operands] = positionals;
    assertOwn(verb, Object.keys(values));
    const isSet = (name: keyof typeof options) => values[name] === true;
    const flags: Flags = {
      json: isSet('json'),
      background: isSet('background'),
      stdio: isSet('stdio'),
      dryRun: isSet('dry-run'),
      kind: values.kind,
      runtime: values.runtime,
      format: values.format,
      discard: values.discard ?? [],
      watch: isSet('watch'),
      cancel: isSet('cancel'),
      only: isSet('only'),
    };
    return { verb, operands, flags, wantsHelp: values.help === true };
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const verb = argv.find((word) => !word.startsWith('-'));
    const where = verb === undefined ? '' : `${verb}: `;
    throw new AppError('USAGE_FLAG', `${where}${describeFlagFault(cause)}.`, { cause });
  }
}

/** What a verb takes besides `--json`; one that is not here is told to be unknown anyhow. */
const ownFlags: Readonly<Record<string, readonly string[]>> = {
  join: ['background', 'only', 'stdio'],
  run: ['background'],
  status: [],
  stop: [],
  service: ['kind', 'dry-run'],
  upgrade: ['cancel', 'watch', 'background', 'runtime', 'dry-run'],
  leave: ['discard', 'dry-run'],
  'self-check': ['format'],
};

/** A flag of another verb must not be passed over in silence. Errors: USAGE_FLAG. */
function assertOwn(verb: string, given: readonly string[]): void {
  const taken = ownFlags[verb];
  const strange = given.find(
    (name) => name !== 'json' && name !== 'help' && taken?.includes(name) === false,
  );
  if (strange === undefined) return;
  throw new AppError('USAGE_FLAG', `${verb}: there is no flag --${strange}.`);
}

async function join(
  parts: AgentProgramParts,
  operands: readonly string[],
  flags: Flags,
): Promise<number> {
  const [given, ...more] = operands;
  const { incoming } = parts.program.bytes();
  const code = given === '-' ? (await readCode(incoming)).trim() : given;
  if (code === undefined) throw new AppError('USAGE_ARGUMENT', 'join: the CODE is missing.');
  expectNone('join', more);
  const pairing = await pair(parts, code);
  if (flags.only) return showPaired(parts, pairing, flags);
  if (!flags.json) parts.program.say(`Paired as ${pairing.name}.`);
  return flags.background ? runBehind(parts, flags) : serve(parts, flags);
}

async function showPaired(
  { program, home }: AgentProgramParts,
  { name, hub }: Pairing,
  flags: Flags,
): Promise<number> {
  const { publicKey } = await loadOrCreateIdentity(home.key, program.ports.random);
  const paired = { name, hub, key: formatKey(publicKey), home: home.directory };
  program.print(flags.json ? JSON.stringify(paired) : `Paired as ${name}; \`odally run\` serves.`);
  return 0;
}

/** Stays until a signal or `odally stop`. */
async function serve(parts: AgentProgramParts, flags: Flags): Promise<number> {
  const { program, noticed, home } = parts;
  boundHeap(youngHeapBytesMax);
  await noticeDeadHome(home.directory, makeLooker(program), noticed);
  const running = await startAgent(parts);
  program.onSignal((signal) => {
    noticed(`stopping on ${signal}; work that runs is ended`);
    void running.stop();
  });
  reportReady();
  const { name, hub } = running.pairing;
  if (flags.json)
    program.print(JSON.stringify({ name, hub, home: home.directory, pid: program.pid }));
  else noticed(`${name} serves hub ${hub.slice(0, 8)} from ${home.directory}`);
  const failure = await running.agent.ended;
  await running.stop();
  if (failure !== undefined) throw failure;
  endSupervisorOf(home.directory, program);
  return 0;
}

/** Starts itself again, detached, and answers once that one serves. */
async function runBehind({ program, home }: AgentProgramParts, flags: Flags): Promise<number> {
  const pairing = await getPairing(home);
  const pid = await startDaemon({
    script: program.script,
    args: ['run'],
    env: { ...program.env, ODALLY_HOME: home.directory },
    logFile: home.agentLog,
    failure: 'AGENT_START',
    timers: program.ports.timers,
  });
  const { name, hub } = pairing;
  if (flags.json) program.print(JSON.stringify({ name, hub, home: home.directory, pid }));
  else program.print(`${name} serves in the background (pid ${pid}); log: ${home.agentLog}`);
  return 0;
}

async function showStatus({ program, home }: AgentProgramParts, flags: Flags): Promise<number> {
  const pairing = await getPairing(home);
  const status = await findRunning(home, program.ports.timers);
  if (status === undefined)
    throw new AppError('AGENT_UNREACHABLE', `No agent runs on ${home.directory}.`);
  if (flags.json) {
    program.print(JSON.stringify(status));
    return 0;
  }
  const shown = status.attempts.slice(0, attemptsShownMax);
  const attempts = shown.map(({ attempt, state }) => `${attempt} ${state}`);
  const more = status.attempts.length - shown.length;
  if (more > 0) attempts.push(`${more} more`);
  program.print(
    [
      `${status.name ?? pairing.name} (pid ${status.pid}) ${status.life}`,
      `hub       ${formatFingerprint(status.hub)}; ${status.link}`,
      `this box  ${formatFingerprint(status.key)}`,
      `work      ${status.work}${attempts.length === 0 ? '' : `: ${attempts.join(', ')}`}`,
      `leases    ${status.leases}`,
      `logs      ${status.logs}`,
      `waiting   ${status.waiting} messages for the hub`,
      `disk      ${describeDisk(status.disk)}`,
      `policy    ${describePolicy(status.policy)}`,
    ].join('\n'),
  );
  return 0;
}

/** An agent that runs may be older than this program. */
function describePolicy(policy: RunningStatus['policy'] | undefined): string {
  if (policy === undefined) return 'not told';
  return policy.lines.length === 0 ? 'forbids nothing' : policy.lines.join('\n          ');
}

function describeDisk({ store, room }: DiskHealth): string {
  if (store.is === 'reopening')
    return `the store is opened again: ${store.message} [${store.code}]`;
  if (room === null) return 'sound';
  const low = room.isLow ? '; new work is refused [DISK_LOW]' : '';
  return `${formatMib(room.freeBytes)} free${low}`;
}

async function stop({ program, home }: AgentProgramParts, flags: Flags): Promise<number> {
  const client = await dialAgent(home);
  const who = await askPatiently(client, program, async () => {
    const answer = await client.call('stop', {});
    await client.closed;
    return answer as { readonly pid: number };
  });
  if (flags.json) program.print(JSON.stringify({ pid: who.pid }));
  else program.print(`The agent (pid ${who.pid}) is stopping.`);
  return 0;
}

/** What came with `doctor`, which reads its own flags; undefined where another verb was meant. */
function findDoctorWords(argv: readonly string[]): readonly string[] | undefined {
  const place = argv.findIndex((word) => !word.startsWith('-'));
  const isHelp = argv.includes('--help') || argv.includes('-h');
  return argv[place] === 'doctor' && !isHelp ? argv.toSpliced(place, 1) : undefined;
}

function doctor(program: Program, version: string, words: readonly string[]): Promise<number> {
  const home = findAgentHome(program.env.ODALLY_HOME);
  const parts = { program, home, version, noticed: () => undefined };
  const diagnose: DoctorCommandParts['diagnose'] = (wish, agent) =>
    openHomeDoctor(parts, () => undefined, agent)(wish);
  const dial = () => dialAgent(home);
  const { print } = program;
  const place = { ...makeLooker(program), home: home.directory };
  return runDoctorCommand({ ...place, print, dial, diagnose }, words);
}

async function getPairing(home: AgentHome): Promise<Pairing> {
  const pairing = await findPairing(home);
  if (pairing === undefined) throw new AppError('PAIR_MISSING');
  return pairing;
}

function expectNone(verb: string, operands: readonly string[]): void {
  if (operands.length === 0) return;
  throw new AppError('USAGE_ARGUMENT', `${verb}: "${operands[0]}" is one argument too many.`);
}
