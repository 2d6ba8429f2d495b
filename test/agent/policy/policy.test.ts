/*
 * Reading a policy: strictly, and with the place of what is wrong.
 */
import { describe, expect, test } from 'vitest';
import { parsePolicy } from '../../../agent/policy/policy.ts';

function read(text: string): string {
  try {
    parsePolicy(text, 'policy.toml');
    return 'read';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

test('policy: an empty file forbids nothing, and a whole one is read as it says', () => {
  expect(parsePolicy('', 'p')).toMatchObject({ work: {}, commands: { deny: [] }, limits: {} });
  const text = `
    [work]
    kinds = ["command"]
    concurrency = 2
    run_seconds_max = 60
    [commands]
    allow = ["git", "npm run *"]
    deny = ["git push *"]
    [directories]
    roots = ["~/src", "/srv"]
    [environment]
    set = ["CI", "NODE_*"]
    pass = ["SSH_AUTH_SOCK"]
    secret = ["NPM_TOKEN"]
    [artifacts]
    deny = ["*.pem"]
    bytes_max = 1000
    [isolation]
    user = "builder"
    scope = true
    hide_key = true
    [limits]
    memory_bytes_max = 1073741824
    cpu_percent_max = 200
    processes_max = 64
  `;
  expect(parsePolicy(text, 'p')).toMatchObject({
    work: { kinds: ['command'], concurrency: 2, run_seconds_max: 60 },
    isolation: { user: 'builder', scope: true, hide_key: true },
    limits: { processes_max: 64 },
  });
});

describe('policy: what is wrong is named with its line', () => {
  test.each([
    ['[work\nkinds = []', 'policy.toml: line 1, column'],
    ['[work]\n\nkinds = ["comand"]', 'policy.toml: line 3, work.kinds.0:'],
    ['[comands]\ndeny = ["rm"]', 'policy.toml: line 1, comands: there is no such field'],
    ['[commands]\n# none\ndenied = ["rm"]', 'policy.toml: line 3, commands.denied: there is no'],
    ['work.kinds = "command"', 'policy.toml: line 1, work.kinds:'],
    ['[work]\nconcurrency = 0', 'policy.toml: line 2, work.concurrency:'],
    ['[commands]\nallow = ["git", " "]', 'policy.toml: line 2, commands.allow.1: an empty rule'],
    ['[directories]\nroots = ["src"]', 'policy.toml: line 2, directories.roots.0: a path is'],
    ['[isolation]\nuser = "a b"', 'policy.toml: line 2, isolation.user: a user'],
    ['[limits]\nmemory_bytes_max = 1000', 'policy.toml: line 2, limits.memory_bytes_max:'],
    ['[environment]\nset = ["A-B"]', 'policy.toml: line 2, environment.set.0: a name'],
  ])('%j', (text, start) => {
    expect(read(text).slice(0, start.length)).toBe(start);
  });
});
