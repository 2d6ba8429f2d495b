/*
 * The tidy rules shown bad snippets: each must find what it is for, and leave the good twin alone.
 *
 * A rule that can't fail is worse than none, because people stop looking.
 */
import { describe, expect, test } from 'vitest';
import { findBannedCalls } from './banned.ts';
import { findMissingDocstrings, findMissingHeaders } from './documents.ts';
import { findCodeGaps } from './error-codes.ts';
import { findLayerBreaches, findUndeclared } from './layers.ts';
import { findMachineTraces } from './machine-traces.ts';
import { findOrphans } from './orphans.ts';
import { findShapes } from './shapes.ts';
import { findOversize } from './sizes.ts';
import { type Finding, parseSource, type Source } from './source.ts';

type Rule = (sources: readonly Source[]) => readonly Finding[];

/** What the rule says of one file. */
function judge(rule: Rule, path: string, text: string): readonly string[] {
  return rule([parseSource(path, text)]).map((finding) => finding.message);
}

describe('layers', () => {
  const imports = (path: string, specifier: string, clause = '{ x }') =>
    judge(findLayerBreaches, path, `import ${clause} from '${specifier}';`);

  test.each([
    ['protocol/a.ts', '../store/kv.ts'],
    ['store/a.ts', '../agent/agent.ts'],
    ['store/a.ts', '../protocol/session.ts'],
    ['store/a.ts', '../protocol/transports/link.ts'],
    ['agent/a.ts', '../cockpit/wally.ts'],
    ['cockpit/hub/a.ts', '../../agent/agent.ts'],
    ['protocol/a.ts', '../test/kit/terminal.ts'],
    ['cockpit/manager/a.ts', 'node:fs'],
    ['cockpit/tui/views/a.ts', '../../hub/client.ts'],
    ['cockpit/tui/keys/a.ts', '../../../protocol/ports.ts'],
    ['protocol/machines/a.ts', '../transports/link.ts'],
    ['protocol/frames.ts', 'msgpackr'],
    ['store/memory.ts', 'level'],
    ['agent/agent.ts', 'execa'],
    ['cockpit/hub/a.ts', 'hyperswarm'],
    ['cockpit/hub/a.ts', 'hyperdht/lib/errors.js'],
    ['cockpit/tui/views/a.ts', 'ink'],
    ['cockpit/tui/views/a.ts', 'react/jsx-runtime'],
    ['cockpit/tui/panes/a.ts', 'zustand/vanilla'],
    ['cockpit/tui/a.ts', 'left-pad'],
  ])('layers: %s may not import %s', (path, specifier) => {
    expect(imports(path, specifier)).toHaveLength(1);
  });

  test.each([
    ['store/a.ts', '../protocol/limits.ts'],
    ['agent/loops/a.ts', '../../store/kv.ts'],
    ['agent/work/spawn.ts', 'execa'],
    ['cockpit/tui/ports.ts', 'execa'],
    ['cockpit/tui/panes/a.tsx', 'ink'],
    ['cockpit/tui/screen.tsx', 'react'],
    ['cockpit/tui/state/store.ts', 'zustand/vanilla'],
    ['protocol/transports/swarm.ts', 'hyperdht/lib/errors.js'],
    ['store/open.ts', 'level'],
    ['test/x.test.ts', 'anything'],
  ])('layers: %s may import %s', (path, specifier) => {
    expect(imports(path, specifier)).toEqual([]);
  });

  test('layers: pure code may import a type from the edge, and only a type', () => {
    const edge = '../../hub/client.ts';
    expect(imports('cockpit/tui/state/a.ts', edge, 'type { HubClient }')).toEqual([]);
    expect(imports('cockpit/tui/state/a.ts', edge, '{ type HubClient }')).toEqual([]);
    expect(imports('cockpit/tui/state/a.ts', edge, '{ type HubClient, dial }')).toHaveLength(1);
  });

  test('layers: a dynamic import and an import type are imports', () => {
    const dynamic = "const x = await import('../agent/agent.ts');";
    expect(judge(findLayerBreaches, 'cockpit/a.ts', dynamic)).toHaveLength(1);
    const type = "type X = import('../agent/agent.ts').X;";
    expect(judge(findLayerBreaches, 'cockpit/a.ts', type)).toHaveLength(1);
  });

  test('layers: a package that package.json does not name is found, scoped or deep', () => {
    const rule: Rule = (sources) => findUndeclared(sources, ['@a/b', 'c']);
    const text = "import '@a/b/x'; import 'c/d'; import 'node:fs'; import './e.ts'; import '@a/z';";
    expect(judge(rule, 'test/a.ts', text)).toEqual(['@a/z is not in package.json']);
  });
});

describe('banned calls', () => {
  test.each([
    'Date.now();',
    'const read = Date.now;',
    'new Date();',
    'Date();',
    'Math.random();',
    'performance.now();',
    'setTimeout(run, 1);',
    'schedule(setTimeout);',
    'run(setTimeout as unknown);',
    'globalThis.setTimeout(run, 1);',
    'setInterval(run, 1);',
    'setImmediate(run);',
    "console.log('x');",
    'const { log } = console;',
    'process.exit(1);',
    'process.env.HOME;',
    "process['env'];",
    'const f = { setTimeout };',
    "import { setTimeout as sleep } from 'node:timers/promises';",
    "import { env } from 'node:process';",
    "import { randomBytes } from 'node:crypto';",
  ])('banned: %s is found outside ports.ts, with a replacement', (text) => {
    const messages = judge(findBannedCalls, 'agent/a.ts', text);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatch(/is for ports\.ts only: (take|use|return) /);
  });

  test.each([
    'socket.setTimeout(7000);',
    'new Date(1);',
    'interface Timers { setTimeout(run: () => void): void }',
    'const row = { console: 1 };',
    'process.stdout.write(text);',
    '// Date.now() in a comment',
    "const text = 'Math.random()';",
  ])('banned: %s is left alone', (text) => {
    expect(judge(findBannedCalls, 'agent/a.ts', text)).toEqual([]);
  });

  test('banned: ports.ts, tests and the build may', () => {
    for (const path of ['cockpit/tui/ports.ts', 'test/a.test.ts', '.config/build.ts']) {
      expect(judge(findBannedCalls, path, 'Date.now();')).toEqual([]);
    }
    expect(judge(findBannedCalls, 'agent/reports.ts', 'Date.now();')).toHaveLength(1);
  });
});

describe('sizes', () => {
  const lines = (count: number) => '  run();\n'.repeat(count);

  test('sizes: a function of 61 lines is found, one of 60 is not', () => {
    const write = (count: number) => `const f = () => {\n${lines(count - 2)}};\n`;
    expect(judge(findOversize, 'agent/a.ts', write(61))).toHaveLength(1);
    expect(judge(findOversize, 'agent/a.ts', write(60))).toEqual([]);
  });

  test('sizes: a file of 401 lines is found, one of 400 is not', () => {
    expect(judge(findOversize, 'agent/a.ts', lines(401))).toHaveLength(1);
    expect(judge(findOversize, 'agent/a.ts', lines(400))).toEqual([]);
  });

  test('sizes: a long method is found, a long test body is not', () => {
    const method = `class A {\n  run() {\n${lines(60)}}\n}`;
    expect(judge(findOversize, 'agent/a.ts', method)).toHaveLength(1);
    expect(judge(findOversize, 'test/a.test.ts', method)).toEqual([]);
  });
});

describe('documents', () => {
  test.each([
    ['nothing', 'const a = 1;'],
    ['a docstring instead', '/**\n * One.\n * Two.\n */\n'],
    ['a line comment instead', '// One.\n'],
    ['one line', '/* One. */\n'],
    ['eleven lines', `/*\n${' * Line.\n'.repeat(11)} */\n`],
    ['code before it', 'const a = 1;\n/*\n * One.\n * Two.\n */\n'],
  ])('documents: a header that is %s is found', (_, text) => {
    expect(judge(findMissingHeaders, 'agent/a.ts', text)).toHaveLength(1);
  });

  test('documents: a header may follow a shebang', () => {
    const text = '#!/usr/bin/env node\n/*\n * One.\n * Two.\n */\n';
    expect(judge(findMissingHeaders, 'agent/a.ts', text)).toEqual([]);
  });

  test.each([
    'export const a = 1;',
    'export function a() {}',
    'export interface A {}',
    'export type A = 1;',
    'export class A {}',
    '// Not a docstring.\nexport const a = 1;',
    '/* Not one either. */\nexport const a = 1;',
    '/** Of something else. */\nconst b = 1;\nexport const a = b;',
    'const a = 1;\n/** In the wrong place. */\nexport { a };',
  ])('documents: %s has no docstring', (text) => {
    expect(judge(findMissingDocstrings, 'agent/a.ts', text)).toHaveLength(1);
  });

  test('documents: a docstring right before the export or its declaration is enough', () => {
    const text = '/** One. */\nexport const a = 1;\n/** Two. */\nfunction b() {}\nexport { b };';
    expect(judge(findMissingDocstrings, 'agent/a.ts', text)).toEqual([]);
  });
});

describe('shapes', () => {
  test.each([
    ['agent/a.ts', 'export default 1;'],
    ['agent/a.ts', "export * from './b.ts';"],
    ['agent/a.ts', "export { b } from './b.ts';"],
    ['agent/a.ts', "export type { B } from './b.ts';"],
    ['agent/a.ts', 'enum A { B }'],
    ['agent/a.ts', 'namespace A { export const b = 1; }'],
    ['agent/a.ts', 'let a: any;'],
    ['agent/a.ts', 'const f = (x: unknown) => x as any;'],
    ['agent/a.ts', 'try { run(); } catch {}'],
    ['agent/a.ts', 'try { run(); } catch { /* nothing */ }'],
    ['agent/a.ts', 'class A extends Loop {}'],
    ['agent/utils.ts', ''],
    ['agent/helpers/a.ts', ''],
    ['agent/index.ts', ''],
    ['agent/someFile.ts', ''],
  ])('shapes: %s with `%s` is found', (path, text) => {
    expect(judge(findShapes, path, text)).toHaveLength(1);
  });

  test.each([
    ['.config/vitest.config.ts', 'export default 1;'],
    ['protocol/transports/hyperdht.d.ts', "declare module 'x' { export default class A {} }"],
    ['agent/a.ts', 'class A extends AppError {} class B extends Error {}'],
    ['agent/a.ts', "const any = 'any'; export { any };"],
    ['test/agent/keep-link.test.tsx', ''],
  ])('shapes: %s with `%s` is left alone', (path, text) => {
    expect(judge(findShapes, path, text)).toEqual([]);
  });
});

test('orphans: a file that only its own test imports is found, with what only it needs', () => {
  const sources = [
    parseSource('cockpit/wally.ts', "import './hub/a.ts'; void import('./hub/late.ts');"),
    parseSource('cockpit/hub/a.ts', "import type { T } from './type.ts';"),
    parseSource('cockpit/hub/late.ts', ''),
    parseSource('cockpit/hub/type.ts', ''),
    parseSource('store/memory.ts', ''),
    parseSource('agent/dead.ts', "import './dead-too.ts';"),
    parseSource('agent/dead-too.ts', ''),
    parseSource('test/agent/dead.test.ts', "import '../../agent/dead.ts';"),
    parseSource('test/sim/main.ts', "import '../../store/memory.ts';"),
  ];
  const paths = findOrphans(sources).map(({ path }) => path);
  expect(paths).toEqual(['agent/dead.ts', 'agent/dead-too.ts']);
});

describe('error codes', () => {
  const rule: Rule = (sources) => findCodeGaps(sources, ['STORE_LOCKED']);

  test('error codes: one without a row is found where it is raised', () => {
    const text = "use('STORE_LOCKED'); new AppError('STORE_GONE'); wrapError(x, 'STORE_BENT');";
    expect(judge(rule, 'store/a.ts', text)).toEqual([
      'STORE_GONE has no row in protocol/error-codes/',
      'STORE_BENT has no row in protocol/error-codes/',
    ]);
  });

  test('error codes: a row that only the table or a test mentions is found', () => {
    const row = "const table = { STORE_LOCKED: row('STORE_LOCKED') };";
    expect(judge(rule, 'protocol/error-codes/work.ts', row)).toEqual([
      'STORE_LOCKED is raised nowhere',
    ]);
    expect(judge(rule, 'test/a.test.ts', "new AppError('STORE_LOCKED');")).toHaveLength(1);
    expect(judge(rule, 'store/a.ts', "new AppError('STORE_LOCKED');")).toEqual([]);
  });
});

describe('machine traces', () => {
  // Put together here, so that this file holds none itself.
  const home = ['', 'home', 'someone', 'code'].join('/');
  const scheme = 'https:';

  test.each([
    ['a.md', `See ${home}.`],
    ['a.ts', `const a = '${['', 'root', 'x'].join('/')}';`],
    ['.npmrc', ['registry', 'https://example.org'].join('=')],
    ['package-lock.json', `"${'resolved'}": "${scheme}//example.org/a.tgz"`],
    ['a.yml', `${scheme}//${'registry'}.example.org/`],
  ])('machine traces: %s with `%s` is found', (path, text) => {
    expect(findMachineTraces([{ path, text }])).toHaveLength(1);
  });

  test.each(['#!/usr/bin/env node', '~/.wally', 'agent/work/spawn.ts', '/tmp/x', './home/x/y'])(
    'machine traces: %s is left alone',
    (text) => {
      expect(findMachineTraces([{ path: 'a.md', text }])).toEqual([]);
    },
  );
});
