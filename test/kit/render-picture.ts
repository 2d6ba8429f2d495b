/*
 * Runs a program in a terminal and draws its screen: `node test/kit/render-picture.ts --help`.
 *
 * For the pictures in the documents and for looking at a screen while working on it. Writes
 * NAME.svg and NAME.png. The program gets PATH, HOME and the two homes of Wally from the caller.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { darkTheme, drawPicture, renderPng } from './picture.ts';
import { openTerminal } from './terminal.ts';

const usage = `node test/kit/render-picture.ts [flags] -- COMMAND [ARGUMENT…]
  --out NAME        writes NAME.svg and NAME.png (picture)
  --title TEXT      in the window's frame (the command)
  --columns N       (120)
  --rows N          (36)
  --until PATTERN   waits until the screen shows it; may be repeated, see --press
  --press KEYS      typed after the --until of the same place; \\e, \\r and \\t are understood
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', default: false },
    out: { type: 'string', default: 'picture' },
    title: { type: 'string' },
    columns: { type: 'string', default: '120' },
    rows: { type: 'string', default: '36' },
    until: { type: 'string', multiple: true, default: [] },
    press: { type: 'string', multiple: true, default: [] },
  },
});
const [command, ...args] = positionals;

if (values.help || command === undefined) {
  console.log(usage);
  process.exitCode = values.help ? 0 : 2;
} else {
  await render(command, args);
}

async function render(program: string, programArgs: readonly string[]): Promise<void> {
  await using terminal = openTerminal({
    command: program,
    args: programArgs,
    cwd: process.cwd(),
    env: listEnvironment(),
    columns: Number(values.columns),
    rows: Number(values.rows),
  });
  for (const [index, pattern] of values.until.entries()) {
    await terminal.until(new RegExp(pattern));
    const keys = values.press[index];
    if (keys !== undefined) terminal.press(readKeys(keys));
  }
  // Without a last thing to wait for, the picture is of how the program left its screen.
  if (values.press.length >= values.until.length) await terminal.exit;
  const title = values.title ?? [program, ...programArgs].join(' ');
  const svg = drawPicture({ snapshot: terminal.snapshot(), title, theme: darkTheme });
  writeFileSync(`${values.out}.svg`, svg);
  writeFileSync(`${values.out}.png`, renderPng(svg));
  console.error(`wrote ${values.out}.svg and ${values.out}.png`);
}

function listEnvironment(): Record<string, string> {
  const names = ['HOME', 'WALLY_HOME', 'ODALLY_HOME'];
  const pairs = names.map((name) => [name, process.env[name]] as const);
  return { COLORTERM: 'truecolor', ...Object.fromEntries(pairs.filter(([, value]) => value)) };
}

function readKeys(keys: string): string {
  const known: Readonly<Record<string, string>> = { e: '\x1b', r: '\r', t: '\t' };
  return keys.replace(/\\([ert])/g, (_, letter: string) => known[letter] ?? '');
}
