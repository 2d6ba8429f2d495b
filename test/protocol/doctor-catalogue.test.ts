/*
 * The whole catalogue of checks: each is whole, has a trial of its own, and is in what is generated.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { agentSections } from '../../agent/doctor/agent-sections.ts';
import { cockpitSections } from '../../cockpit/cli/doctor/cockpit-sections.ts';
import { agentRows } from '../../cockpit/hub/doctor/agent-rows.ts';
import { hubSections } from '../../cockpit/hub/doctor/hub-sections.ts';
import { checkAreas } from '../../protocol/doctor.ts';
import { listChecks } from '../../protocol/doctor-sections.ts';
import { generated, listCatalogue, renderCatalogue } from '../kit/render-checks.ts';

const catalogue = listCatalogue();
const tests = fileURLToPath(new URL('..', import.meta.url));

/** The text of all tests; a trial, or a test's title, begins with the id of its check. */
const text = readdirSync(tests, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.test\.tsx?$/.test(name) && !name.endsWith('doctor-catalogue.test.ts'))
  .map((name) => readFileSync(join(tests, name), 'utf8'))
  .join('\n');

describe('the catalogue of checks', () => {
  test('catalogue: there are as many checks, and as many that can be mended, as were promised', () => {
    expect(catalogue.length).toBeGreaterThanOrEqual(50);
    const mending = catalogue.filter(({ check }) => check.fix !== undefined);
    expect(mending.length).toBeGreaterThanOrEqual(35);
  });

  test.each([
    ['hub', hubSections],
    ['agent', agentSections],
    ['cockpit', cockpitSections],
  ] as const)(
    'catalogue: no two checks of the %s have one id, no two sections one name',
    (_who, sections) => {
      const ids = sections.flatMap(({ checks }) => checks.map(({ id }) => id));
      expect(new Set(ids).size).toBe(ids.length);
      expect(new Set(sections.map(({ name }) => name)).size).toBe(sections.length);
    },
  );

  test.each(catalogue.map(({ check }) => [check.id, check] as const))(
    'catalogue: %s says what holds and why anybody should care, and fits the wire',
    (id, { title, why, area, fix }) => {
      expect(id).toMatch(/^[a-z][a-z0-9-]{2,40}$/);
      expect(title).toMatch(/^[^.]{8,120}$/);
      expect(why).toMatch(/^.{12,300}\.$/);
      expect(checkAreas).toContain(area);
      if (fix !== undefined) expect(['anywhere', 'here']).toContain(fix.reach);
    },
  );

  test.each(catalogue.map(({ check }) => check.id))('catalogue: %s has a test of its own', (id) => {
    const isTried = [`'${id}': {`, `'${id}: `, `  ['${id}', `].some((form) => text.includes(form));
    expect(isTried, `a test or a trial whose title begins with ${id}`).toBe(true);
  });

  test('catalogue: the table in the README is fresh; else `npm run -s checks`', () => {
    const { file, from, to } = generated.readme;
    expect(readFileSync(file, 'utf8')).toContain(`${from}${renderCatalogue()}${to}`);
  });

  test('catalogue: the hub’s program knows what agents look at; else `npm run -s checks`', () => {
    expect(agentRows).toEqual(listChecks(agentSections));
  });
});
