/*
 * Help is the grammar: what can be used is shown, and it fits a terminal.
 */
import { describe, expect, test } from 'vitest';
import { showHelp, showVerbHelp } from '../../../cockpit/cli/help.ts';
import { localVerbs } from '../../../cockpit/cli/local.ts';
import { verbs } from '../../../cockpit/verbs/registry.ts';

const grammars = [...localVerbs, ...verbs];
const columnsMax = 110;

describe('help', () => {
  test('help: every verb has its line, with its summary, and no line is too wide', () => {
    const lines = showHelp(grammars, '1.2.3').split('\n');
    for (const { name, summary } of grammars) {
      const own = lines.filter(
        (line) => line.startsWith(`  wally ${name}`) && line.endsWith(summary),
      );
      expect(own, name).toHaveLength(1);
    }
    expect(lines[0]).toContain('1.2.3');
    expect(lines.filter((line) => line.length > columnsMax)).toEqual([]);
  });

  test.each(grammars.map((grammar) => [grammar.name, grammar] as const))(
    'help: `%s` shows each flag with its value and its words',
    (name, grammar) => {
      const text = showVerbHelp(grammar);
      expect(text).toContain(`wally ${name}`);
      expect(text).toContain(grammar.summary);
      for (const [flag, { value, short, help }] of Object.entries(grammar.flags)) {
        const shown = `${short === undefined ? '' : `-${short}, `}--${flag}${value === undefined ? ' ' : ` ${value} `}`;
        expect(text).toContain(shown);
        expect(text).toContain(help);
      }
      expect(text).toContain('--json');
      expect(text.split('\n').filter((line) => line.length > columnsMax)).toEqual([]);
    },
  );

  test('help: no two verbs have one name, and no two flags of a verb one letter', () => {
    const names = grammars.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, flags } of grammars) {
      const letters = Object.values(flags).flatMap(({ short }) => short ?? []);
      expect(new Set(letters).size, name).toBe(letters.length);
      expect(letters).not.toContain('h');
    }
  });

  test('help: a verb’s flags and operands are just what its schema takes', () => {
    for (const { name, args, flags, operands } of verbs) {
      const shape = 'shape' in args ? Object.keys(args.shape as object) : [];
      const declared = [
        ...Object.keys(flags),
        ...operands.map((operand) => operand.replace(/[…?]$/, '')),
      ];
      expect(declared.toSorted(), name).toEqual(shape.toSorted());
    }
  });
});
