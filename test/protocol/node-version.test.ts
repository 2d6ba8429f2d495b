/*
 * Which Node.js is too old, what is said then, and that all places that name the oldest one agree.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { nodeMajorMin, refuseOldNode } from '../../protocol/node-version.ts';

async function refuse(nodeVersion: string, ...argv: readonly string[]) {
  const printed: string[] = [];
  const said: string[] = [];
  const status = await refuseOldNode('odally', {
    argv,
    nodeVersion,
    print: (line) => printed.push(line),
    say: (lines) => said.push(lines),
  });
  return { status, printed, said };
}

describe('node version', () => {
  test.each(['18.19.0', '20.20.2', '21.7.3', '9.0.0'])(
    'node version: %s is refused in words, with a code, what to do and status 2',
    async (version) => {
      const { status, printed, said } = await refuse(version, 'status');
      expect({ status, printed }).toEqual({ status: 2, printed: [] });
      const text = new RegExp(
        `^odally: .*${version}.* 22 or newer\\. \\[NODE_VERSION\\]\\n\\S.+\\.$`,
      );
      expect(said).toEqual([expect.stringMatching(text)]);
    },
  );

  test.each(['22.0.0', '24.21.0', '100.0.0'])(
    'node version: %s is taken, and nothing is said',
    async (version) => {
      expect(await refuse(version)).toEqual({ status: undefined, printed: [], said: [] });
    },
  );

  test('node version: --json is one value on stdout, but not behind a job’s own --', async () => {
    const { printed, said } = await refuse('20.0.0', 'status', '--json');
    expect(said).toEqual([]);
    expect(printed.map((line) => JSON.parse(line))).toEqual([
      { error: { code: 'NODE_VERSION', message: expect.any(String), hint: expect.any(String) } },
    ]);
    expect((await refuse('20.0.0', 'dispatch', '--', 'x', '--json')).printed).toEqual([]);
  });

  test('node version: package.json and the build mean the same oldest one', () => {
    const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
    expect(engines.node).toBe(`>=${nodeMajorMin}`);
    expect(read('.config/build.ts')).toContain(`target: 'node${nodeMajorMin}'`);
  });
});
