/*
 * The form as arguments and as a line: one is the other, and a shell agrees.
 */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeArgs, readArgs, writeLine } from '../../../../cockpit/tui/state/form-args.ts';
import {
  choices,
  emptyValues,
  type FormValues,
} from '../../../../cockpit/tui/state/form-fields.ts';
import { rememberDispatch } from '../../../../cockpit/tui/state/form-history.ts';
import { policyWords } from '../../../../cockpit/tui/state/policies.ts';
import { parseRequest } from '../../../../cockpit/verbs/command-line.ts';
import { dispatchVerb } from '../../../../cockpit/verbs/dispatch.ts';
import { parseVerbArgs } from '../../../../cockpit/verbs/verb.ts';
import { worker } from '../fake-hub.ts';

const team = [worker('alice'), worker('bob')];
const field = (text: string) => ({ text, caret: text.length });

const values: fc.Arbitrary<FormValues> = fc
  .record({
    command: fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => `x${text}x`),
    to: fc.constantFrom('', 'all', 'alice', 'alice bob', '+git +linux', 'bob git'),
    cwd: fc.constantFrom('', '/srv/my app', "~/it's"),
    deadline: fc.constantFrom('', '30m'),
    title: fc.constantFrom('', '-n is a title', 'two words'),
    env: fc.constantFrom('', "A=1 B='x y' C="),
    artifact: fc.constantFrom('', 'dist/**/*.tar *.log'),
    policy: fc.constantFrom(...choices.policy),
    idempotent: fc.constantFrom(...choices.idempotent),
  })
  .map(({ policy, idempotent, ...texts }) => ({
    texts: {
      ...emptyValues.texts,
      ...Object.fromEntries(Object.entries(texts).map(([id, text]) => [id, field(text)])),
    },
    chosen: { ...emptyValues.chosen, policy, idempotent },
  }));

test('form args: the line that is shown asks for the very arguments that are sent', () => {
  fc.assert(
    fc.property(values, (given) => {
      const args = makeArgs(given, team);
      const line = writeLine(args);
      const out = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' });
      const [program, verb, ...words] = out.split('\0').slice(0, -1);
      expect([program, verb]).toEqual(['wally', 'dispatch']);
      const asked = parseRequest(dispatchVerb, words).args;
      expect({ ...asked }).toEqual({ ...args });
    }),
    { numRuns: 60 },
  );
});

test('form args: a line with tabs can be copied from the screen and run', () => {
  const text = "a\n\tb 'c'";
  const line = writeLine({ command: [text] });
  expect(line).not.toContain('\t');
  const out = execFileSync('bash', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' });
  expect(out.split('\0').slice(0, -1)).toEqual(['wally', 'dispatch', '--', text]);
});

test('form args: arguments that come back from the history are sent again as they were', () => {
  fc.assert(
    fc.property(values, (given) => {
      const args = makeArgs(given, team);
      expect(makeArgs(readArgs(JSON.parse(JSON.stringify(args))), team)).toEqual(args);
    }),
  );
});

test('form args: every choice of policy is one that the verb takes', () => {
  for (const policy of ['keep', 'stop', 'replace'] as const) {
    const chosen = { ...emptyValues.chosen, policy, idempotent: 'yes' } as const;
    const given = { chosen, texts: { ...emptyValues.texts, command: field('ls') } };
    expect(() => parseVerbArgs(dispatchVerb, makeArgs(given, team))).not.toThrow();
  }
});

test('form args: rubbish in a history becomes an empty form', () => {
  expect(readArgs({ command: 3, on: 'alice', deadline: 5, env: [1] })).toEqual(emptyValues);
});

test('policy: its words are made of the flags', () => {
  expect(policyWords({}, 'bob')).toBe(
    'If we lose bob: it runs on there; unheard of for 24h it is lost, and you are asked.',
  );
  expect(policyWords({ 'stop-after': '30s', replace: true }, 'its worker')).toBe(
    'If we lose its worker: it is stopped after 30s out of reach; unheard of for 1m it is lost, and is started elsewhere by itself.',
  );
  expect(policyWords({ 'lost-after': '10m' }, 'bob')).toContain('unheard of for 10m it is lost');
});

test('form args: neither the line that is shown nor what is remembered has the value of a secret', () => {
  const args = { secret: ['TOKEN=hunter22', 'B=x=y'], command: ['make'] };
  expect(writeLine(args)).toBe('wally dispatch --secret TOKEN --secret B -- make');
  const [kept] = rememberDispatch([], args);
  expect(kept).toEqual({ secret: ['TOKEN=', 'B='], command: ['make'] });
  expect(readArgs(kept ?? {}).texts.secret.text).toBe('TOKEN= B=');
});
