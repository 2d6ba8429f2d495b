/*
 * An invite that asks: a real box waits at the door until the M2 has decided, and shows what they compare.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EventRow, InviteShape, StatusShape, TeamRow } from '../../cockpit/verbs/shapes.ts';
import { formatFingerprint } from '../../protocol/fingerprint.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = openStage();
  await stage.up();
});

afterAll(() => stage.close());

test('invite --ask: both sides show one fingerprint; after a yes the box serves, and the journal says so', async () => {
  const { code } = await stage.ask<InviteShape>('invite', '--ask');
  const { hub } = await stage.ask<StatusShape>('status');
  const joining = stage.odally('carol', ['join', code, '--background', '--json']);
  const entry = await stage.untilAsked(({ kind }) => kind === 'pairing');
  const [fingerprint = 'none'] =
    /^(?:[a-z]{3,8} ){5}[a-z]{3,8}/.exec(entry.evidence.facts[0]?.text ?? '') ?? [];
  expect((await stage.ask<readonly TeamRow[]>('team')).map(({ name }) => name)).toEqual(['alice']);
  await stage.ask('decide', entry.id, 'approve');
  const joined = await joining;
  expect(joined.stderr).toContain(`This box: ${fingerprint}`);
  expect(joined.stderr).toContain(`The hub:  ${formatFingerprint(hub.key)}`);
  expect(joined.json<{ readonly name: string }>().name).toBe('bob');
  await stage.untilWorker('bob', ({ link }) => link !== 'none');
  const events = await stage.ask<readonly EventRow[]>('events', '--kind', 'decision-closed');
  expect(events).toMatchObject([{ text: `you approved ${entry.id}`, waited: { on: 'you' } }]);
});

test('invite --ask: after a no the box is told so, and is not in', async () => {
  const { code } = await stage.ask<InviteShape>('invite', '--ask');
  const joining = stage.odally('dave', ['join', code, '--json']);
  const entry = await stage.untilAsked(({ kind }) => kind === 'pairing');
  await stage.ask('dismiss', entry.id);
  const refused = await joining;
  expect(refused.status).toBe(4);
  expect(refused.stdout).toContain('PAIRING_REJECTED');
  expect(await stage.ask<readonly TeamRow[]>('team')).toHaveLength(2);
});
