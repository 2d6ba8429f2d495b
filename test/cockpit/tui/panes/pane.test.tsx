/*
 * A box as Ink draws it, and how roles look.
 *
 * Here it shows when Ink and the views disagree about a width.
 */
import { Box } from 'ink';
import { render } from 'ink-testing-library';
import { expect, test } from 'vitest';
import { Pane } from '../../../../cockpit/tui/panes/pane.tsx';
import { RowLine } from '../../../../cockpit/tui/panes/row.tsx';
import { frame } from '../../../../cockpit/tui/views/pane.ts';
import { span } from '../../../../cockpit/tui/views/row.ts';
import { findTheme, paintRow } from '../../../../cockpit/tui/views/theme.ts';

const plain = findTheme('mono');

function box(isFocused: boolean) {
  return frame({
    id: 'jobs',
    rect: { x: 1, y: 1, width: 24, height: 4 },
    title: [span('Jobs')],
    note: [span('1 of 2')],
    rows: [[span('日本語 🚀 a long title that is cut')], [span('two')]],
    isFocused,
  });
}

test('pane: borders join and wide characters do not shift them', () => {
  const { lastFrame, unmount } = render(
    <Box width={30} height={5}>
      <Pane view={box(false)} theme={plain} />
    </Box>,
  );
  const text = (lastFrame() ?? '').replaceAll(/\x1b\[[\d;]*m/g, '');
  expect(text).toBe(
    [
      '',
      ' ╭─ Jobs ────── 1 of 2 ─╮',
      ' │日本語 🚀 a long titl…│',
      ' │two                   │',
      ' ╰──────────────────────╯',
    ].join('\n'),
  );
  unmount();
});

test('pane: a row wider than its place is cut, never wrapped', () => {
  const { lastFrame, unmount } = render(<RowLine text="abcdef" width={4} />);
  expect(lastFrame()).toBe('abc…');
  unmount();
});

test('theme: roles become styles of the sixteen colours, and only weight without colour', () => {
  const row = [
    span('a', 'bad'),
    span('b', 'selected'),
    { text: 'c', role: 'plain', sgr: '1;38;5;9' } as const,
  ];
  expect(paintRow(row, findTheme('ansi-16'))).toBe(
    '\x1b[1;31ma\x1b[0m\x1b[7mb\x1b[0m\x1b[1;38;5;9mc\x1b[0m',
  );
  expect(paintRow(row, plain)).toBe('\x1b[1ma\x1b[0m\x1b[7mb\x1b[0m\x1b[1mc\x1b[0m');
});
