/*
 * The one decision on what the hub may do on this box.
 *
 * Every kind of work comes past here: commands when they arrive and once more as they start, the
 * directories that they name (with links resolved), terminals, fixes asked for from afar, files that are
 * brought. A refusal names the rule. A policy that cannot be read refuses all. Pure.
 */
import { AppError, type ErrorCode } from '../../protocol/errors.ts';
import { findAllowing, findDenying, matchesName } from './command-rules.ts';
import { policyQuoteLettersMax } from './limits.ts';
import type { Policy, PolicyState, WorkKind } from './policy.ts';

/** What is asked of the policy. */
export type PolicyRequest =
  | {
      /** A prompt is judged as its harness, by the name that the box has for that. */
      readonly asks: 'command' | 'prompt';
      readonly command: readonly string[];
      /** Names of the variables that the spec sets. */
      readonly names: readonly string[];
      readonly wantsArtifacts: boolean;
    }
  /** Where work or a terminal would run; both with links resolved. */
  | { readonly asks: 'directory'; readonly path: string; readonly roots: readonly string[] }
  | { readonly asks: 'terminal' }
  | { readonly asks: 'fix' }
  /** A file that ended work left, below its directory. */
  | { readonly asks: 'artifact'; readonly path: string; readonly bytes: number };

/** What holds on this box: its policy, and what its config says of terminals. */
export interface BoxRules {
  readonly state: PolicyState;
  readonly isTerminalAllowed: boolean;
}

/** The answer; `by` is the rule that allowed it, or that none is against it. */
export type PolicyDecision =
  | { readonly is: 'allowed'; readonly by: string }
  | { readonly is: 'refused'; readonly error: AppError };

/**
 * Variables that decide which program a name stands for, or by which a program that is allowed runs another, loads
 * code or reads another config: with a list of allowed commands nobody sets them unasked.
 */
const decisiveNames = [
  ...['PATH', 'LD_*', 'DYLD_*', 'GCONV_PATH', 'BASH_ENV', 'BASH_FUNC_*', 'ENV', 'IFS', 'SHELLOPTS'],
  ...['BASHOPTS', 'PS4', 'PROMPT_COMMAND', 'SHELL', 'ZDOTDIR', 'HOME', 'XDG_*'],
  ...['GIT_*', 'SSH_ASKPASS*', 'EDITOR', 'VISUAL', 'PAGER', '*_PAGER', 'LESS*', 'BROWSER'],
  ...['NODE_OPTIONS', 'NODE_PATH', 'npm_*', 'NPM_*', 'PYTHON*', 'PERL5*', 'PERLLIB', 'RUBYOPT'],
  ...['RUBYLIB', 'GEM_*', 'BUNDLE_*', 'JAVA_*', '_JAVA_OPTIONS', 'JDK_*', 'MAVEN_*', 'GRADLE_*'],
  ...['CLASSPATH', 'MAKEFLAGS', 'GNUMAKEFLAGS', 'MAKEFILES', 'CARGO_*', 'RUSTC*', 'RUSTFLAGS'],
  ...['RUSTUP_*', 'GOFLAGS', 'GOENV', 'GOROOT', 'CC', 'CXX', 'DOCKER_*', 'PHP*', 'LUA_*'],
];

/** Decides. */
export function decide(
  { state, isTerminalAllowed }: BoxRules,
  request: PolicyRequest,
): PolicyDecision {
  if (state.is === 'broken') return { is: 'refused', error: state.error };
  if (request.asks === 'terminal' && !isTerminalAllowed) {
    const detail = 'The box says `[terminal] allowed = false` in its config.toml.';
    return { is: 'refused', error: new AppError('TERMINAL_REFUSED', detail) };
  }
  if (state.is === 'open') return { is: 'allowed', by: 'there is no policy.toml' };
  return judge(state.policy, request);
}

/** Why not, where it is refused. */
export function findRefusal(rules: BoxRules, request: PolicyRequest): AppError | undefined {
  const decision = decide(rules, request);
  return decision.is === 'refused' ? decision.error : undefined;
}

function judge(policy: Policy, request: PolicyRequest): PolicyDecision {
  switch (request.asks) {
    case 'command':
    case 'prompt':
      return judgeCommand(policy, request);
    case 'directory':
      return judgeDirectory(request);
    case 'artifact':
      return judgeArtifact(policy, request);
    default:
      return judgeKind(policy, request.asks) ?? unforbidden;
  }
}

const unforbidden: PolicyDecision = { is: 'allowed', by: 'no rule is against it' };

function judgeKind({ work }: Policy, kind: WorkKind): PolicyDecision | undefined {
  if (work.kinds === undefined || work.kinds.includes(kind)) return undefined;
  const list = work.kinds.map((each) => `"${each}"`).join(', ');
  return refuse('POLICY_KIND', `work.kinds = [${list}] does not have "${kind}"`);
}

type CommandRequest = Extract<PolicyRequest, { asks: 'command' | 'prompt' }>;

function judgeCommand(policy: Policy, request: CommandRequest): PolicyDecision {
  const { asks, command, names, wantsArtifacts } = request;
  const kind = judgeKind(policy, asks);
  if (kind !== undefined) return kind;
  const artifact = wantsArtifacts ? judgeKind(policy, 'artifact') : undefined;
  if (artifact !== undefined) return artifact;
  const { allow, deny } = policy.commands;
  const denying = findDenying(deny, command);
  if (denying !== undefined) {
    return refuse('POLICY_COMMAND', `commands.deny[${denying}] ${quote(deny[denying] ?? '')}`);
  }
  const variable = judgeNames(policy, names);
  if (variable !== undefined) return variable;
  if (allow === undefined) return unforbidden;
  const found = findAllowing(allow, command);
  if (found.is === 'allowed') {
    return { is: 'allowed', by: `commands.allow[${found.rule}] ${quote(allow[found.rule] ?? '')}` };
  }
  const why =
    found.why === 'opaque'
      ? 'names no "sh", which text with more than plain commands needs'
      : `does not name ${quote(found.program)}`;
  return refuse('POLICY_COMMAND', `commands.allow ${why}`);
}

function judgeNames(
  { environment, commands }: Policy,
  names: readonly string[],
): PolicyDecision | undefined {
  const { set } = environment;
  const fits = (list: readonly string[], name: string) =>
    list.some((pattern) => matchesName(pattern, name));
  if (set !== undefined) {
    const wrong = names.find((name) => !fits(set, name));
    if (wrong === undefined) return undefined;
    return refuse('POLICY_ENVIRONMENT', `environment.set does not name ${quote(wrong)}`);
  }
  const decisive =
    commands.allow === undefined ? undefined : names.find((name) => fits(decisiveNames, name));
  if (decisive === undefined) return undefined;
  const why = `commands.allow holds, and ${quote(decisive)} decides what a name runs; environment.set must name it`;
  return refuse('POLICY_ENVIRONMENT', why);
}

function judgeDirectory({
  path,
  roots,
}: Extract<PolicyRequest, { asks: 'directory' }>): PolicyDecision {
  const root = roots.find(
    (each) => path === each || path.startsWith(each === '/' ? '/' : `${each}/`),
  );
  if (root !== undefined) return { is: 'allowed', by: `directories.roots has ${quote(root)}` };
  return refuse('POLICY_DIRECTORY', `directories.roots has nothing above ${quote(path)}`);
}

function judgeArtifact(
  policy: Policy,
  { path, bytes }: Extract<PolicyRequest, { asks: 'artifact' }>,
): PolicyDecision {
  const kind = judgeKind(policy, 'artifact');
  if (kind !== undefined) return kind;
  const { deny, bytes_max: bytesMax } = policy.artifacts;
  const denying = deny.findIndex(
    (pattern) =>
      matchesName(pattern, path) || matchesName(pattern, path.slice(path.lastIndexOf('/') + 1)),
  );
  if (denying >= 0) {
    return refuse('POLICY_ARTIFACT', `artifacts.deny[${denying}] ${quote(deny[denying] ?? '')}`);
  }
  if (bytesMax !== undefined && bytes > bytesMax) {
    return refuse('POLICY_ARTIFACT', `artifacts.bytes_max = ${bytesMax}`);
  }
  return unforbidden;
}

function refuse(code: ErrorCode, rule: string): PolicyDecision {
  return { is: 'refused', error: new AppError(code, `policy.toml: ${rule}.`) };
}

function quote(text: string): string {
  const cut =
    text.length > policyQuoteLettersMax ? `${text.slice(0, policyQuoteLettersMax)}…` : text;
  return `"${cut}"`;
}
