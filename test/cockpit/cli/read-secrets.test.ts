/*
 * Secrets on the command line: by the name of a variable, and never repeated in a refusal.
 */
import { describe, expect, test } from 'vitest';
import { readSecrets } from '../../../cockpit/cli/read-secrets.ts';
import { parseRequest } from '../../../cockpit/verbs/command-line.ts';
import { dispatchVerb } from '../../../cockpit/verbs/dispatch.ts';
import { parseVerbArgs } from '../../../cockpit/verbs/verb.ts';

const own = { findVariable: (name: string) => (name === 'TOKEN' ? 'hunter22' : undefined) };

function fill(...words: readonly string[]) {
  return readSecrets(own, parseRequest(dispatchVerb, [...words, '--', 'make']));
}

describe('secrets', () => {
  test('a name alone takes the value of the variable here; a pair is left as it is', () => {
    expect(fill('--secret', 'TOKEN', '--secret', 'B=x=yzabc').args.secret).toEqual([
      'TOKEN=hunter22',
      'B=x=yzabc',
    ]);
  });

  test('a variable that is not there is a slip of usage', () => {
    expect(() => fill('--secret', 'NONE')).toThrow('--secret NONE: there is no such variable here');
  });

  test('they come with the other variables, and their names say which they are', () => {
    const args = parseVerbArgs(dispatchVerb, {
      ...{ command: ['make'], env: ['A=1'], secret: ['TOKEN=hunter22'] },
    });
    expect(args).toMatchObject({ env: { A: '1' }, secret: { TOKEN: 'hunter22' } });
  });

  test.each([
    'TOKEN=short',
    '=hunter22',
    '1A=hunter22',
    'hunter22 with blanks',
    '__proto__=hunter22',
  ])('%j is refused without its value', (word) => {
    const parse = () => parseVerbArgs(dispatchVerb, { command: ['make'], secret: [word] });
    expect(parse).toThrow();
    expect(parse).not.toThrow(/hunter22|short\b(?! to)/);
  });
});
