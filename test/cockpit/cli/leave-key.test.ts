/*
 * The key that leaves a terminal: found in what is typed, however the terminal was asked to send it.
 */
import { describe, expect, test } from 'vitest';
import { findLeaveKey, leaveKeyDefault, parseLeaveKey } from '../../../cockpit/cli/leave-key.ts';

const find = (typed: string) => findLeaveKey(Buffer.from(typed), leaveKeyDefault);

describe('leave key', () => {
  test.each([
    ['its byte', 'ls\u001d', 2],
    ['its code with the kitty protocol', 'ab\u001b[93;5u', 2],
    ['the same with caps lock and num lock', '\u001b[93;197u', 0],
    ['the same with its event and other layouts', '\u001b[93:125:93;5:1u', 0],
    ['its code with modifyOtherKeys', 'x\u001b[27;5;93~', 1],
    ['the first of two', '\u001d\u001b[93;5u', 0],
  ])('leave key: %s is found', (_what, typed, at) => {
    expect(find(typed)).toBe(at);
  });

  test.each([
    ['other keys', 'ls -la\r\u0003\u001b[A'],
    ['a bracket without ctrl', ']\u001b[93;1u'],
    ['ctrl and more', '\u001b[93;6u\u001b[93;7u'],
    ['the key when it is let go', '\u001b[93;5:3u'],
    ['another key with ctrl', '\u001b[91;5u\u001b[27;5;92~'],
  ])('leave key: %s are not it', (_what, typed) => {
    expect(find(typed)).toBe(-1);
  });

  test('leave key: another may be named, but none that is a second name of enter, tab or escape', () => {
    expect(parseLeaveKey('ctrl-^')).toEqual({ name: 'ctrl-^', byte: 0x1e, code: 0x5e });
    expect(parseLeaveKey('Ctrl-Q')).toEqual({ name: 'ctrl-q', byte: 0x11, code: 0x71 });
    for (const text of ['ctrl-[', 'ctrl-m', 'ctrl-i', 'ctrl-j', 'q', 'ctrl-', 'ctrl-1', 'alt-q']) {
      expect(() => parseLeaveKey(text)).toThrow(
        expect.objectContaining({ code: 'USAGE_ARGUMENT' }),
      );
    }
  });
});
