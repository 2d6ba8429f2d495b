/*
 * The least that a full-screen Ink program can be: a list of rows that stay, and one that changes.
 *
 * As many rows as the terminal has, each exactly as wide as it may be, with the same options of Ink as
 * the cockpit. `j` counts keys in the first row; `f` starts and stops a feed that changes the second
 * thirty times a second. The baseline of what our screen costs.
 */
import { Box, render, Text, useInput } from 'ink';
import { createElement, type ReactElement, useEffect, useState } from 'react';

const { columns = 80, rows = 24 } = process.stdout;
const feedMs = 33;

function Bare(): ReactElement {
  const [keyCount, setKeyCount] = useState(0);
  const [isFed, setIsFed] = useState(false);
  const [turn, setTurn] = useState(0);
  useInput((input) => {
    if (input === 'f') setIsFed((was) => !was);
    else setKeyCount((count) => count + input.length);
  });
  useEffect(() => {
    if (!isFed) return;
    const timer = setInterval(() => setTurn((count) => count + 1), feedMs);
    return () => clearInterval(timer);
  }, [isFed]);
  const lines = [`${keyCount} keys`, `turn ${turn}`];
  for (let row = lines.length; row < rows; row += 1) lines.push(`row ${row} of a bare program`);
  const texts = lines.map((line, row) =>
    createElement(Text, { key: row, wrap: 'truncate' }, line.padEnd(columns - 1, '.')),
  );
  return createElement(Box, { width: columns, height: rows, flexDirection: 'column' }, ...texts);
}

render(createElement(Bare), {
  alternateScreen: true,
  incrementalRendering: true,
  interactive: true,
  maxFps: 1000,
  patchConsole: false,
});
