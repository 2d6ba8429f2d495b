/*
 * The checks of the tools that this box's config says it has: are they there, do they run, are they signed in?
 *
 * Only what the config names in `has` is judged, for nobody is owed the rest. A tool is asked for its
 * version in bounded time, and whether it is signed in is read off the presence of its own files; what
 * is in them is never read. Source: the documentation of each program.
 */
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { type Check, listOne } from '../../protocol/doctor.ts';
import { defineSection, type Section } from '../../protocol/doctor-sections.ts';
import { isThere } from '../../protocol/is-there.ts';
import { runFix } from '../../store/doctor/box.ts';
import { readAgentConfig } from '../home.ts';
import { isOnPath, toolsKnown } from '../work/capabilities.ts';
import { pathDefault } from '../work/environment.ts';
import { mergeHarnesses } from '../work/harness.ts';
import type { AgentRound } from './agent-round.ts';
import { gitVersionMin, versionMsMax } from './limits.ts';

/** A tool that the config says is here. */
interface ToolFact {
  readonly name: string;
  readonly program: string;
  readonly is: 'missing' | 'silent' | 'failing' | 'running';
  /** What it says of itself. */
  readonly version: string;
  readonly isSignedOut: boolean;
}

interface ToolFacts {
  readonly tools: readonly ToolFact[];
  /** Has git a name and an address to commit with? True where git is not asked for. */
  readonly hasIdentity: boolean;
}

type ToolCheck = Check<ToolFacts, AgentRound>;

/** Files, below the person's home, one of which a harness has once it is signed in. */
const signedIn: Readonly<Record<string, readonly string[]>> = {
  claude: ['.claude/.credentials.json', '.claude.json'],
  codex: ['.codex/auth.json'],
  gemini: ['.gemini/oauth_creds.json', '.gemini/.env'],
  opencode: ['.local/share/opencode/auth.json'],
};

const missing: ToolCheck = {
  id: 'tool-missing',
  title: 'every tool that the config promises is there',
  why: 'Work that needs it comes here, and fails.',
  area: 'tools',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ tools }) =>
    tools
      .filter(({ is }) => is === 'missing')
      .map(({ name, program }) => ({
        subject: name,
        seen: `config.toml says that this box has ${name}; there is no ${program} on its PATH.`,
        wanted: 'The program, or no such word in `has`.',
        advice: 'Install it, put it on the PATH of the agent, or take the word away.',
      })),
};

const broken: ToolCheck = {
  id: 'tool-broken',
  title: 'every tool that the config promises runs',
  why: 'Work that needs it comes here, and fails.',
  area: 'tools',
  severity: 'warning',
  cost: 'walks',
  diagnose: ({ tools }) =>
    tools
      .filter(({ is }) => is === 'failing' || is === 'silent')
      .map(({ name, program, is, version }) => ({
        subject: name,
        seen:
          is === 'silent'
            ? `\`${program} --version\` did not answer within ${versionMsMax} ms.`
            : `\`${program} --version\` failed: ${version}`,
        wanted: 'An answer.',
        advice: 'Run it by hand on this box, as the user of the agent.',
      })),
};

const signedOut: ToolCheck = {
  id: 'harness-signed-out',
  title: 'every harness that the config promises is signed in',
  why: 'A prompt that is given to it comes back with nothing done.',
  area: 'tools',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ tools }) =>
    tools
      .filter(({ isSignedOut, is }) => isSignedOut && is !== 'missing')
      .map(({ name, program }) => ({
        subject: name,
        seen: `${name} has no credentials of its own here.`,
        wanted: 'One of the files that it writes when it is signed in.',
        advice: `Run \`${program}\` once on this box, as the user of the agent, and sign in.`,
      })),
};

const gitOld: ToolCheck = {
  id: 'git-old',
  title: 'git is new enough for checkouts',
  why: 'Work at a base gets a checkout of its own, which older ones cannot remove.',
  area: 'tools',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ tools }) => {
    const found = /(\d+)\.(\d+)/.exec(tools.find(({ name }) => name === 'git')?.version ?? '');
    if (found === null) return [];
    const [, major, minor] = found.map(Number);
    const [majorMin = 0, minorMin = 0] = gitVersionMin.split('.').map(Number);
    const isOld = (major ?? 0) < majorMin || (major === majorMin && (minor ?? 0) < minorMin);
    return listOne(
      isOld
        ? {
            subject: 'git',
            seen: `This is git ${found[0]}.`,
            wanted: `git ${gitVersionMin} or newer.`,
            advice: 'Install a newer one.',
          }
        : undefined,
    );
  },
};

const identity: ToolCheck = {
  id: 'git-identity',
  title: 'git knows in whose name work commits',
  why: 'Without a name and an address `git commit` fails.',
  area: 'tools',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ hasIdentity }) =>
    listOne(
      hasIdentity
        ? undefined
        : {
            subject: 'git',
            seen: 'git has no user.name or no user.email here.',
            wanted: 'Both.',
            advice: 'Set them: `git config --global user.name NAME`, and user.email.',
          },
    ),
  fix: {
    // Whose name it is, is for the box's owner to say.
    reach: 'here',
    plan: () => `sets what is missing to odally and odally@${hostname()}, in the user's git config`,
    apply: async ({ box }) => {
      for (const [name, value] of [
        ['user.name', 'odally'],
        ['user.email', `odally@${hostname()}`],
      ] as const) {
        const end = await box.run(['git', 'config', '--get', name], versionMsMax);
        if (end?.code !== 0) await runFix(box, ['git', 'config', '--global', name, value]);
      }
    },
  },
};

/** The tools. */
export const toolSection: Section<AgentRound> = defineSection({
  name: 'tools',
  pace: 'slow',
  gather: gatherTools,
  checks: [missing, broken, gitOld, identity, signedOut],
});

async function gatherTools({ home, box }: AgentRound): Promise<ToolFacts> {
  const config = await readAgentConfig(home).catch(() => undefined);
  const asked = new Set(config?.has ?? []);
  const harnesses = mergeHarnesses(config?.harness ?? {});
  const programs = new Map<string, string>();
  for (const tool of toolsKnown) if (asked.has(tool)) programs.set(tool, tool);
  for (const [id, [program = '']] of Object.entries(harnesses)) {
    if (asked.has(id)) programs.set(id, program);
  }
  const looked = [...programs].map(([name, program]) => lookAtTool(box, name, program));
  const tools = await Promise.all(looked);
  const hasGit = tools.some(({ name, is }) => name === 'git' && is === 'running');
  return { tools, hasIdentity: !hasGit || (await hasGitIdentity(box)) };
}

async function lookAtTool(
  box: AgentRound['box'],
  name: string,
  program: string,
): Promise<ToolFact> {
  const isHere = program.includes('/')
    ? await isThere(program)
    : await isOnPath(box.env.PATH ?? pathDefault, program);
  const bare = { name, program, version: '', isSignedOut: await isSignedOut(box, name) };
  if (!isHere) return { ...bare, is: 'missing' };
  const end = await box.run([program, '--version'], versionMsMax);
  // Some say theirs under another name; that they answer at all is enough.
  if (end === undefined) return { ...bare, is: 'silent' };
  const said = (end.stdout.trim() || end.stderr.trim()).split('\n')[0] ?? '';
  const isOdd = end.code === 126 || end.code === 127 || end.code > 128;
  return { ...bare, version: said, is: isOdd ? 'failing' : 'running' };
}

async function isSignedOut({ env }: AgentRound['box'], name: string): Promise<boolean> {
  const files = signedIn[name];
  // On macOS claude keeps its own in the keychain, which asks its owner.
  if (files === undefined || (name === 'claude' && process.platform === 'darwin')) return false;
  const found = await Promise.all(files.map((file) => isThere(join(env.HOME || homedir(), file))));
  return !found.includes(true);
}

async function hasGitIdentity(box: AgentRound['box']): Promise<boolean> {
  const ends = await Promise.all(
    ['user.name', 'user.email'].map((name) =>
      box.run(['git', 'config', '--get', name], versionMsMax),
    ),
  );
  // Who does not answer is another check's affair.
  return ends.every((end) => end === undefined || end.code === 0);
}
