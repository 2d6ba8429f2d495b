/*
 * Copying: what goes to the terminal, what to the desktop, and what is said of it.
 */
import { expect, test } from 'vitest';
import { findCopyCommand } from '../../../cockpit/ports.ts';
import { copyText } from '../../../cockpit/tui/clipboard.ts';

function open(isHere: boolean) {
  const written: string[] = [];
  const copied: string[] = [];
  return {
    written,
    copied,
    clipboards: {
      stdout: { write: (text: string) => written.push(text) > 0 } as NodeJS.WriteStream,
      copyHere: async (text: string) => {
        copied.push(text);
        return isHere;
      },
    },
  };
}

test('copy: the terminal and the desktop get the text', async () => {
  const { clipboards, written, copied } = open(true);
  expect(await copyText(clipboards, 'grün\n', '1 line')).toBe('copied 1 line');
  expect(written).toEqual(['\x1b]52;c;Z3LDvG4K\x07']);
  expect(copied).toEqual(['grün\n']);
});

test('copy: without a desktop it is said that the terminal decides', async () => {
  expect(await copyText(open(false).clipboards, 'a', '1 line')).toBe(
    'copied 1 line, where the terminal takes it',
  );
});

test('copy: what is too long for the terminal goes to the desktop alone, or is refused', async () => {
  const long = 'x'.repeat(60_000);
  const { clipboards, written } = open(true);
  expect(await copyText(clipboards, long, '9 lines')).toBe('copied 9 lines');
  expect(written).toEqual([]);
  await expect(copyText(open(false).clipboards, long, '9 lines')).rejects.toMatchObject({
    code: 'USAGE_ARGUMENT',
  });
});

test('copy: the desktop’s own program is chosen by what is there', () => {
  expect(findCopyCommand('darwin', {})).toEqual(['pbcopy']);
  expect(findCopyCommand('linux', { WAYLAND_DISPLAY: 'wayland-0', DISPLAY: ':0' })).toEqual([
    'wl-copy',
  ]);
  expect(findCopyCommand('linux', { DISPLAY: ':0' })?.[0]).toBe('xclip');
  expect(findCopyCommand('linux', {})).toBeUndefined();
});
