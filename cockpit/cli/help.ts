/*
 * Help, made from the grammar.
 *
 * Nothing here knows a verb by name, so what a verb declares is what its help says; a flag that is
 * not declared can neither be used nor shown.
 */
import type { Grammar } from '../verbs/command-line.ts';

/** All verbs, one line each. */
export function showHelp(grammars: readonly Grammar[], version: string): string {
  const shown = grammars.map(
    (grammar) => [`wally ${showUsage(grammar)}`, grammar.summary] as const,
  );
  const width = Math.min(44, Math.max(...shown.map(([line]) => line.length)));
  return [
    `Wally ${version}: one terminal for an organisation of workers.`,
    '',
    `${'  wally'.padEnd(width + 4)}open the cockpit (without a terminal: print the status)`,
    `${'  wally --linear'.padEnd(width + 4)}the same as sentences, for screen readers; lines are verbs`,
    `${'  wally --hub HUB [VERB]'.padEnd(width + 4)}the hub of another home, of another machine, or several as one`,
    ...shown.map(([line, summary]) => `  ${line.padEnd(width + 2)}${summary}`),
    '',
    'Every verb takes --json (one JSON value on stdout) and --help.',
    'Exit status: 0 good, 1 bad outcome, 2 usage, 3 hub out of reach, 4 refused, 5 timed out.',
    'Home: $WALLY_HOME (~/.wally).',
    'HUB: a home or its socket, a name, or a code of `wally invite --cockpit` (NAME=CODE names it).',
    'Given again it adds a hub; then ids and names begin with the hub’s: work:J12, work:alice.',
  ].join('\n');
}

/** One verb with its flags. */
export function showVerbHelp(grammar: Grammar): string {
  const flags = Object.entries(grammar.flags).map(([name, flag]) => {
    const short = flag.short === undefined ? '' : `-${flag.short}, `;
    const value = flag.value === undefined ? '' : ` ${flag.value}`;
    return [`${short}--${name}${value}`, flag.help] as const;
  });
  const all = [...flags, ['--json', 'one JSON value on stdout'] as const];
  const width = Math.max(...all.map(([flag]) => flag.length));
  return [
    `wally ${showUsage(grammar)}`,
    `  ${grammar.summary}`,
    '',
    ...all.map(([flag, help]) => `  ${flag.padEnd(width + 2)}${help}`),
  ].join('\n');
}

/** A verb and what it wants: `team rename NAME TO`. */
export function showUsage(grammar: Grammar): string {
  const operands = grammar.operands.map((operand) => showOperand(operand));
  return [grammar.name, ...operands].join(' ');
}

function showOperand(operand: string): string {
  if (operand === 'command…') return '[FLAGS] -- COMMAND…';
  const name = operand.toUpperCase();
  return name.endsWith('?') ? `[${name.slice(0, -1)}]` : name;
}
