/*
 * Output of workers made harmless.
 *
 * What a hostile log may try, torn at every place, and which styles survive.
 */
import { expect, test } from 'vitest';
import { type AnsiState, ansiStart, readAnsi } from '../../../../cockpit/tui/views/ansi.ts';
import { applySgr, dropColours, plainStyle, sgrText } from '../../../../cockpit/tui/views/sgr.ts';

function read(...chunks: readonly string[]): string {
  let state: AnsiState = ansiStart;
  let out = '';
  for (const chunk of chunks) {
    const next = readAnsi(state, chunk);
    state = next.state;
    for (const token of next.tokens) {
      if (token.type === 'text')
        out += token.sgr === '' ? token.text : `<${token.sgr}>${token.text}`;
      else out += { newline: '\\n', return: '\\r', tab: '\\t' }[token.type];
    }
  }
  return out;
}

test('ansi: cursor moves, clears and modes are swallowed', () => {
  expect(read('a\x1b[2J\x1b[H\x1b[10;5Hb\x1b[?1049h\x1b[?25lc\x1b[6nd\x1bc\x1b7\x1b(Be')).toBe(
    'abcde',
  );
});

test('ansi: titles, links, clipboard and device strings are swallowed up to their end', () => {
  expect(read('a\x1b]0;evil\x07b\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\c')).toBe('ablinkc');
  expect(read('a\x1b]52;c;ZXZpbA==\x07b\x1bP+q544e\x1b\\c\x1b_x\x1b\\d\x9b2Je')).toBe('abcde');
});

test('ansi: a string that is never ended gives up at the line end', () => {
  expect(read('a\x1b]0;evil\nb')).toBe('a\\nb');
  expect(read(`a\x1b]0;${'x'.repeat(5000)}`)).toMatch(/^ax+$/);
});

test('ansi: a sequence torn at any place is still one', () => {
  const whole = 'a\x1b[1;31mred\x1b[0m\x1b]0;t\x1b\\z\x1b[2Kend👍';
  for (let cut = 0; cut <= whole.length; cut += 1) {
    const parts = read(whole.slice(0, cut), whole.slice(cut)).replaceAll('<1;31>', '');
    expect(parts).toBe('aredzend👍');
  }
});

test('ansi: colours last over lines until they are ended', () => {
  expect(read('\x1b[32mone\ntwo\x1b[0mthree')).toBe('<32>one\\n<32>twothree');
});

test('ansi: direction overrides, bells and the rest of the controls are dropped', () => {
  expect(read('a\u202eb\u2066c\x07d\x00e\x7ff\u0085g\u2028h')).toBe('abcdefgh');
});

test('ansi: line ends, returns and tabs are told apart', () => {
  expect(read('a\r\nb\rc\td')).toBe('a\\r\\nb\\rc\\td');
});

test('ansi: a lone half of a surrogate pair is replaced', () => {
  expect(read('a\ud83d', 'b')).toBe('a\ufffdb');
  expect(read('a\ud83d', '\udc4d')).toBe('a👍');
});

test('sgr: every depth of colour is kept, in either notation', () => {
  const style = (parameters: string) => sgrText(applySgr(plainStyle, parameters));
  expect(style('1;31')).toBe('1;31');
  expect(style('38;5;208;1')).toBe('1;38;5;208');
  expect(style('38:2::1:2:3')).toBe('38;2;1;2;3');
  expect(style('48;2;9;8;7')).toBe('48;2;9;8;7');
  expect(style('97;104')).toBe('97;104');
});

test('sgr: blinking, hiding and rubbish change nothing', () => {
  for (const parameters of ['5', '8', '38;5;999', '38;2;1;2', '58;5;1', '999']) {
    expect(sgrText(applySgr(plainStyle, parameters))).toBe('');
  }
});

test('sgr: each attribute can be ended by itself', () => {
  const style = applySgr(plainStyle, '1;3;4;7;9;31;42');
  expect(sgrText(applySgr(style, '22;23;24'))).toBe('7;9;31;42');
  expect(sgrText(applySgr(style, '27;29;39;49'))).toBe('1;3;4');
  expect(sgrText(applySgr(style, ''))).toBe('');
});

test('sgr: without colours only weight and the like remain', () => {
  expect(dropColours('1;7;38;5;208;41')).toBe('1;7');
  expect(dropColours('31')).toBe('');
});
