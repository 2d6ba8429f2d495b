/*
 * Answers of a terminal among what is typed, in one piece and torn anywhere.
 *
 * What a person can type must come through, whatever it looks like.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dropReplies, noReply } from '../../../../cockpit/tui/keys/terminal-replies.ts';

const answers = [
  '\x1b]11;rgb:1c1c/1c1c/1c1c\x07',
  '\x1b]10;rgb:ffff/ffff/ffff\x1b\\',
  '\x1bP>|tmux 3.3a\x1b\\',
  '\x1bP1$r0m\x1b\\',
];

function typedOf(...chunks: readonly string[]): string {
  let state = noReply;
  return chunks
    .map((chunk) => {
      const next = dropReplies(state, chunk);
      state = next.state;
      return next.typed;
    })
    .join('');
}

test.each(answers)('terminal replies: %j presses no key, and keys around it do', (answer) => {
  expect(typedOf(`j${answer}k`)).toBe('jk');
  expect(typedOf('j', answer, answer, 'k')).toBe('jk');
});

test('terminal replies: what is torn after its beginning is still one', () => {
  fc.assert(
    fc.property(fc.constantFrom(...answers), fc.nat(40), (answer, at) => {
      const cut = Math.min(answer.length, Math.max(8, at));
      expect(typedOf(answer.slice(0, cut), `${answer.slice(cut)}q`)).toBe('q');
    }),
  );
});

test.each([
  '\x1b]',
  '\x1bP',
  '\x1b[A',
  '\x1b',
  '\x1b]x',
  '\x1b[<0;5;4M',
  '\x1b[200~\x1bhi\x1b[201~',
])('terminal replies: %j can be typed and comes through', (typed) => {
  expect(typedOf(typed, 'j')).toBe(`${typed}j`);
});

test('terminal replies: one that never ends gives the keyboard back', () => {
  expect(typedOf('\x1b]11;', 'x'.repeat(2000), 'j')).toMatch(/j$/);
});
