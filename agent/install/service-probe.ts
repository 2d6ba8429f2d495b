/*
 * What the box offers for keeping an agent: systemd, lingering, launchd, cron, and what is here already.
 *
 * It only looks, but for one thing that is asked for by name: `enableLinger` switches lingering on,
 * which needs no password on most boxes. Every tool may be missing; then the answer says so.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../../protocol/ports.ts';
import type { AgentHome } from '../home.ts';
import type { Program } from '../ports.ts';
import type { Environment } from '../work/environment.ts';
import { loginPathMsMax, managerAskMs, managerAsksMax } from './limits.ts';
import type { ServiceProbe } from './service-plan.ts';
import { findServiceRecord } from './service-record.ts';
import { describeTool, openTools, type RunTool } from './tools.ts';

/** What looking needs. */
export interface ProbeParts {
  readonly program: Program;
  readonly home: AgentHome;
  readonly tools: RunTool;
}

/** The tools of this program's box, with the way to systemd's manager of this user. */
export function openServiceTools({ env, uid }: Program): RunTool {
  return openTools(describeToolEnv(env, uid));
}

/** A session of ssh may lack the variable by which a user's manager is found. */
export function describeToolEnv(env: Environment, uid: number): Environment {
  const runtime = `/run/user/${uid}`;
  if (env.XDG_RUNTIME_DIR !== undefined || !existsSync(runtime)) return env;
  return { ...env, XDG_RUNTIME_DIR: runtime };
}

/** Looks at the box; the login shell is asked only where its PATH is wanted, for that may take a while. */
export async function probeService(
  parts: ProbeParts,
  what: 'box' | 'box-and-login' = 'box-and-login',
): Promise<ServiceProbe> {
  const { program, home, tools } = parts;
  const { env, user, uid } = program;
  const userHome = env.HOME ?? homedir();
  const isMac = program.platform === 'darwin';
  return {
    home: home.directory,
    logFile: home.agentLog,
    isUsualHome: home.directory === join(userHome, '.odally'),
    userHome,
    configHome: env.XDG_CONFIG_HOME ?? join(userHome, '.config'),
    ...{ uid, user },
    systemd: isMac ? { isReachable: false, why: 'this is macOS' } : await askManager(tools),
    linger: isMac ? { isOn: false, why: 'this is macOS' } : await askLinger(tools, user),
    launchd: isMac ? { domain: await findDomain(tools, uid) } : undefined,
    crontab: await readCrontab(tools),
    record: await findServiceRecord(home.directory),
    command: findCommand(program, home),
    env: what === 'box' ? {} : await chooseEnvironment(parts),
    at: Math.round(program.ports.clock.wallMs()),
  };
}

/** Switches lingering on where it is off; resolves once the user's manager answers, or it won't. */
export async function enableLinger({ program, tools }: ProbeParts): Promise<string | undefined> {
  const enabled = await tools('loginctl', ['enable-linger', program.user]);
  if (enabled.code !== 0) return describeTool(enabled);
  // The manager of a user who was not there is started by this, and takes a moment.
  for (let tries = 0; tries < managerAsksMax; tries += 1) {
    if ((await askManager(tools)).isReachable) return undefined;
    await sleep(program.ports.timers, managerAskMs);
  }
  return undefined;
}

/** The launcher of this home where there is one: it runs whichever version is the current one. */
export function findCommand(
  { node, script }: Pick<Program, 'node' | 'script'>,
  { directory }: Pick<AgentHome, 'directory'>,
): readonly string[] {
  const launcher = join(directory, 'bin', 'odally');
  return existsSync(launcher) ? [launcher, 'run'] : [node, script, 'run'];
}

async function askManager(tools: RunTool): Promise<ServiceProbe['systemd']> {
  const asked = await tools('systemctl', ['--user', 'show-environment']);
  if (asked.code === 127) return { isReachable: false, why: 'there is no systemctl' };
  return { isReachable: asked.code === 0, why: asked.code === 0 ? '' : describeTool(asked) };
}

async function askLinger(tools: RunTool, user: string): Promise<ServiceProbe['linger']> {
  const asked = await tools('loginctl', ['show-user', user, '--property=Linger']);
  if (asked.code === 127) return { isOn: false, why: 'there is no loginctl' };
  if (/^Linger=yes$/m.test(asked.stdout)) return { isOn: true, why: '' };
  const why = asked.code === 0 ? `see \`loginctl enable-linger ${user}\`` : describeTool(asked);
  return { isOn: false, why };
}

/** Where a person sits at the screen, theirs; else the one that is there for ssh as well. */
async function findDomain(tools: RunTool, uid: number): Promise<string> {
  const asked = await tools('launchctl', ['print', `gui/${uid}`]);
  return asked.code === 0 ? `gui/${uid}` : `user/${uid}`;
}

/** A user without a crontab has an empty one, which the tool says with a status. */
async function readCrontab(tools: RunTool): Promise<string | undefined> {
  const listed = await tools('crontab', ['-l']);
  if (listed.code === 0) return listed.stdout;
  return listed.code === 127 || !/no crontab/i.test(listed.stderr) ? undefined : '';
}

/**
 * What the agent would have if its person had started it by hand: tools are found by PATH, and that of
 * cron or of systemd is shorter than theirs.
 */
async function chooseEnvironment({
  program,
  home,
  tools,
}: ProbeParts): Promise<Readonly<Record<string, string>>> {
  const { PATH, SHELL, LANG } = program.env;
  const path = (await askLoginPath(tools, SHELL)) ?? PATH;
  const named = { ODALLY_HOME: home.directory, PATH: path, SHELL, LANG };
  return Object.fromEntries(
    Object.entries(named).filter((entry): entry is [string, string] => isPlain(entry[1])),
  );
}

async function askLoginPath(
  tools: RunTool,
  shell: string | undefined,
): Promise<string | undefined> {
  if (shell === undefined || !/\/(ba|z|k|da)?sh$/.test(shell)) return undefined;
  const command = 'printf "\\n%s\\n" "$PATH"';
  const said = await tools(shell, ['-lc', command], { timeoutMs: loginPathMsMax });
  const path = said.stdout.trimEnd().split('\n').at(-1);
  return said.code === 0 && path?.includes('/') === true ? path : undefined;
}

/** A line break can't be said in a unit or a crontab. */
function isPlain(value: string | undefined): boolean {
  return value !== undefined && value !== '' && !/[\n\r\0]/.test(value);
}
