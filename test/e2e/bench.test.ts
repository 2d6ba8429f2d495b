/*
 * The bench still runs: every part of it that needs nothing installed, in its smallest form.
 *
 * Three processes at once, because most of a quick run is waiting for programs to start. What they
 * measure means nothing and is not looked at; that each figure is a number is.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Figure } from '../bench/figure.ts';
import { openHomes } from '../kit/homes.ts';
import { startScript } from '../kit/processes.ts';

const main = fileURLToPath(new URL('../bench/main.ts', import.meta.url));

/** A few seconds on an idle machine; generous, because nothing here is about time. */
const timeout = 180_000;

const shares = [
  ['version', 'team', 'idle', 'screen', 'scale'],
  ['paint', 'keys', 'logs', 'logs-fair'],
  ['jobs', 'jobs-core', 'rivals'],
] as const;

test('bench: every part that needs nothing installed gives its figures', { timeout }, async () => {
  await using homes = openHomes();
  const runs = shares.map(async (names, index) => {
    const file = join(homes.root, `${index}.json`);
    const only = names.flatMap((name) => ['--only', name]);
    const args = [
      ...only,
      '--quick',
      '--rival',
      'wally',
      '--rival',
      'wally-socket',
      '--json',
      file,
    ];
    await using run = startScript({ file: main, args, env: {}, timeoutMs: timeout });
    const { status, stderr } = await run.result;
    expect(`${status} ${stderr}`).toMatch(/^0 /);
    for (const name of names) expect(stderr).toContain(`${name}: `);
    expect(stderr).toMatch(/^--quick: .* no figure above measures anything\.$/m);
    return JSON.parse(readFileSync(file, 'utf8')) as readonly Figure[];
  });
  const figures = (await Promise.all(runs)).flat();
  expect(figures.length).toBeGreaterThan(40);
  const wrong = figures.filter(
    ({ value }) => !(Number.isFinite(value.median) && value.median >= 0),
  );
  expect(wrong).toEqual([]);
});
