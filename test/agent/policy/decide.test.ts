/*
 * The decision: what is allowed, what is refused, and the rule that is named.
 */
import { describe, expect, test } from 'vitest';
import { decide, type PolicyRequest } from '../../../agent/policy/decide.ts';
import { parsePolicy } from '../../../agent/policy/policy.ts';
import { AppError } from '../../../protocol/errors.ts';

function judge(text: string, request: PolicyRequest, isTerminalAllowed = true): string {
  const state = { is: 'ruled', policy: parsePolicy(text, 'policy.toml') } as const;
  const decision = decide({ state, isTerminalAllowed }, request);
  if (decision.is === 'allowed') return `allowed: ${decision.by}`;
  return `${decision.error.code} ${decision.error.message}`;
}

function run(text: string, command: readonly string[], names: readonly string[] = []): string {
  return judge(text, { asks: 'command', command, names, wantsArtifacts: false });
}

const denying = '[commands]\ndeny = ["rm *", "git push", "/opt/*/bad", "curl * -o *"]';
const allowing = '[commands]\nallow = ["git", "npm run *", "make all", "/usr/bin/env python3 *"]';

describe('commands.deny', () => {
  test.each([
    ['a program', ['rm', '-rf', 'x'], 'commands.deny[0] "rm *"'],
    ['a program without arguments, where the rule has any', ['rm'], 'commands.deny[0] "rm *"'],
    ['a program by its path', ['/usr/bin/rm', 'x'], 'commands.deny[0] "rm *"'],
    ['a program and its argument', ['git', 'push'], 'commands.deny[1] "git push"'],
    ['a path with letters left open', ['/opt/any/bad'], 'commands.deny[2] "/opt/*/bad"'],
    ['an argument in its place', ['curl', 'u', '-o', 'f'], 'commands.deny[3] "curl * -o *"'],
    ['plain shell text', ['rm -rf x'], 'commands.deny[0] "rm *"'],
    ['the second of plain text', ['echo a && rm x'], 'commands.deny[0] "rm *"'],
    ['text with an assignment', ['A=1 rm x'], 'commands.deny[0] "rm *"'],
    ['text in a subshell', ['(cd /; rm x)'], 'commands.deny[0] "rm *"'],
    ['text in a substitution', ['echo $(rm x)'], 'commands.deny[0] "rm *"'],
    ['text behind a reserved word', ['if true; then rm x; fi'], 'commands.deny[0] "rm *"'],
    ['text with a backslash', ['r\\m x'], 'commands.deny[0] "rm *"'],
    ['text of a shell that is called', ['bash', '-lc', 'rm x'], 'commands.deny[0] "rm *"'],
    ['a program behind others', ['sudo', '-n', 'env', 'A=1', 'rm', 'x'], 'commands.deny[0] "rm *"'],
    ['a program with a time before it', ['timeout', '5', 'rm', 'x'], 'commands.deny[0] "rm *"'],
  ])('names the rule for %s', (_what, command, rule) => {
    expect(run(denying, command)).toBe(`POLICY_COMMAND policy.toml: ${rule}.`);
  });

  test.each([
    ['another program', ['rmdir', 'x']],
    ['the word as an argument', ['echo', 'rm']],
    ['more arguments than the rule', ['git', 'push', 'origin']],
    ['text with the word inside', ['echo "please rm it"; grep rm x']],
    ['what no fence catches: a name that is put together', ['$(printf %s r m) x']],
  ])('lets %s pass', (_what, command) => {
    expect(run(denying, command)).toBe('allowed: no rule is against it');
  });

  test('a rule for sh is about all shell text', () => {
    const text = '[commands]\ndeny = ["sh"]';
    expect(run(text, ['echo a'])).toContain('commands.deny[0] "sh"');
    expect(run(text, ['echo', 'a'])).toContain('allowed');
  });
});

describe('commands.allow', () => {
  test.each([
    ['a program', ['git', 'status'], 'commands.allow[0] "git"'],
    [
      'a program with open arguments',
      ['npm', 'run', 'x', '--', 'y'],
      'commands.allow[1] "npm run *"',
    ],
    ['a whole command', ['make', 'all'], 'commands.allow[2] "make all"'],
    ['a path as it is spelled', ['/usr/bin/env', 'python3', 'x'], 'commands.allow[3]'],
    [
      'plain text of allowed commands',
      ["git pull && make all; git log 'a b'"],
      'commands.allow[0]',
    ],
  ])('takes %s', (_what, command, rule) => {
    expect(run(allowing, command)).toContain(`allowed: ${rule}`);
  });

  test.each([
    ['another program', ['curl', 'x'], 'does not name "curl"'],
    ['an allowed name under another path', ['/tmp/git', 'x'], 'does not name "/tmp/git"'],
    ['other arguments', ['make', 'clean'], 'does not name "make"'],
    ['fewer arguments', ['npm', 'ci'], 'does not name "npm"'],
    ['text of which one is not allowed', ['git pull; curl x'], 'does not name "curl"'],
    ['text with a substitution', ['git log $(curl x)'], 'names no "sh"'],
    ['text with a redirection', ['git log > /etc/passwd'], 'names no "sh"'],
    ['text with an assignment', ['PATH=/tmp git pull'], 'names no "sh"'],
    ['text with a backslash', ['git\\\ncurl'], 'names no "sh"'],
    ['text behind a reserved word', ['! curl x'], 'names no "sh"'],
    ['text that says nothing', [';'], 'does not name ""'],
    ['a shell with text', ['sh', '-c', 'git pull'], 'does not name "sh"'],
  ])('refuses %s', (_what, command, why) => {
    expect(run(allowing, command)).toBe(
      `POLICY_COMMAND policy.toml: commands.allow ${why}${why.startsWith('names') ? ', which text with more than plain commands needs' : ''}.`,
    );
  });

  test('deny comes before it, and an empty list allows nothing', () => {
    expect(run('[commands]\nallow = ["git"]\ndeny = ["git push"]', ['git', 'push'])).toContain(
      'deny[0]',
    );
    expect(run('[commands]\nallow = []', ['true'])).toContain('does not name "true"');
  });

  test.each([
    ...['GIT_SSH_COMMAND', 'GIT_CONFIG_COUNT', 'GIT_EXTERNAL_DIFF', 'HOME', 'XDG_CONFIG_HOME'],
    ...['NODE_OPTIONS', 'PYTHONPATH', 'PERL5OPT', 'RUBYOPT', 'JAVA_TOOL_OPTIONS', 'MAKEFLAGS'],
    ...['EDITOR', 'GIT_PAGER', 'PAGER', 'LESSOPEN', 'SSH_ASKPASS', 'npm_config_script_shell'],
    ...['RUSTC_WRAPPER', 'CARGO_HOME', 'GCONV_PATH', 'PS4', 'PROMPT_COMMAND'],
  ])('with it nobody sets %s, by which an allowed program runs another', (name) => {
    expect(run(allowing, ['git', 'x'], [name])).toContain('POLICY_ENVIRONMENT');
  });

  test('with it nobody sets what decides which program runs, unless a list says so', () => {
    expect(run(allowing, ['git', 'x'], ['CI'])).toContain('allowed');
    for (const name of ['PATH', 'LD_PRELOAD', 'BASH_ENV', 'BASH_FUNC_git%%']) {
      expect(run(allowing, ['git', 'x'], [name])).toContain(`POLICY_ENVIRONMENT`);
    }
    const listed = `${allowing}\n[environment]\nset = ["PATH"]`;
    expect(run(listed, ['git', 'x'], ['PATH'])).toContain('allowed');
  });
});

describe('the other rules', () => {
  test('environment.set: a name that no pattern fits is refused', () => {
    const text = '[environment]\nset = ["CI", "NODE_*"]';
    expect(run(text, ['x'], ['CI', 'NODE_ENV'])).toContain('allowed');
    expect(run(text, ['x'], ['CI', 'HOME'])).toBe(
      'POLICY_ENVIRONMENT policy.toml: environment.set does not name "HOME".',
    );
  });

  test('work.kinds: each kind is asked for by itself, also when a command wants artifacts', () => {
    const text = '[work]\nkinds = ["command"]';
    const list = 'policy.toml: work.kinds = ["command"] does not have';
    expect(run(text, ['x'])).toContain('allowed');
    expect(judge(text, { asks: 'terminal' })).toBe(`POLICY_KIND ${list} "terminal".`);
    expect(judge(text, { asks: 'fix' })).toBe(`POLICY_KIND ${list} "fix".`);
    expect(judge(text, { asks: 'command', command: ['x'], names: [], wantsArtifacts: true })).toBe(
      `POLICY_KIND ${list} "artifact".`,
    );
    expect(judge('[work]\nkinds = []', { asks: 'fix' })).toContain('work.kinds = []');
  });

  test('prompts: a kind of their own, and judged by the name of their harness', () => {
    const prompt = (text: string) =>
      judge(text, {
        ...{ asks: 'prompt', command: ['claude', '{prompt}'], names: [], wantsArtifacts: false },
      });
    expect(prompt('')).toContain('allowed');
    expect(prompt('[work]\nkinds = ["command"]')).toContain('does not have "prompt"');
    expect(prompt('[commands]\nallow = ["git"]')).toContain('does not name "claude"');
    expect(prompt('[commands]\nallow = ["claude"]')).toContain('allowed: commands.allow[0]');
    expect(prompt('[commands]\ndeny = ["claude"]')).toContain('commands.deny[0] "claude"');
  });

  test('terminals: what the config says still holds, and is named', () => {
    expect(judge('', { asks: 'terminal' }, false)).toContain('TERMINAL_REFUSED');
    expect(judge('', { asks: 'terminal' }, false)).toContain('config.toml');
    expect(judge('', { asks: 'fix' }, false)).toContain('allowed');
  });

  test('directories.roots: the root and what is below it, not its neighbour', () => {
    const roots = ['/srv/work', '/data'];
    const at = (path: string) => judge('', { asks: 'directory', path, roots });
    expect(at('/srv/work')).toContain('allowed');
    expect(at('/srv/work/a/b')).toContain('allowed');
    expect(at('/srv/workshop')).toContain('POLICY_DIRECTORY');
    expect(at('/')).toContain('directories.roots has nothing above "/"');
    expect(judge('', { asks: 'directory', path: '/x', roots: ['/'] })).toContain('allowed');
    expect(judge('', { asks: 'directory', path: '/x', roots: [] })).toContain('POLICY_DIRECTORY');
  });

  test('artifacts: by name anywhere, by path, and by size', () => {
    const text = '[artifacts]\ndeny = ["*.pem", "secret/*"]\nbytes_max = 10';
    const file = (path: string, bytes = 1) => judge(text, { asks: 'artifact', path, bytes });
    expect(file('a/b.txt', 10)).toContain('allowed');
    expect(file('a/b.pem')).toContain('artifacts.deny[0] "*.pem"');
    expect(file('secret/x')).toContain('artifacts.deny[1]');
    expect(file('a/b.txt', 11)).toContain('artifacts.bytes_max = 10');
  });

  test('a policy that cannot be read refuses every kind with the same words', () => {
    const error = new AppError('POLICY_BROKEN', 'policy.toml: line 1: no.');
    const rules = { state: { is: 'broken', error }, isTerminalAllowed: true } as const;
    for (const asks of ['terminal', 'fix'] as const) {
      expect(decide(rules, { asks })).toEqual({ is: 'refused', error });
    }
    const command = { asks: 'command', command: ['x'], names: [], wantsArtifacts: false } as const;
    expect(decide(rules, command)).toEqual({ is: 'refused', error });
  });
});
