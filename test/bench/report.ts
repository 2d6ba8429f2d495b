/*
 * Figures as a table: in columns for a terminal, in Markdown for the README. Pure.
 *
 * Both forms have the same cells, so what a person reads and what is kept never differ.
 */
import type { Figure, Spread } from './figure.ts';

const head = ['figure', 'median (min–max)', 'baseline', 'ratio', 'budget', 'besides'] as const;

/** Columns as wide as their widest cell. */
export function renderText(figures: readonly Figure[]): string {
  const rows = [head, ...figures.map(listCells)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The table of test/bench/README.md. */
export function renderMarkdown(figures: readonly Figure[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(head),
    line(head.map(() => '---')),
    ...figures.map((row) => line(listCells(row))),
  ].join('\n');
}

function listCells({ name, unit, value, baseline, budget, note }: Figure): readonly string[] {
  return [
    name,
    `${formatSpread(value)} ${unit}`,
    baseline === null ? '' : `${baseline.name}: ${formatSpread(baseline.value)}`,
    baseline === null ? '' : `×${formatNumber(baseline.ratio)}`,
    budget === null ? '' : formatBudget(budget, unit),
    note,
  ];
}

function formatBudget(budget: NonNullable<Figure['budget']>, unit: string): string {
  const bound = 'below' in budget ? `< ${budget.below}` : `> ${budget.above}`;
  return `${bound} ${unit}: ${budget.isMet ? 'met' : 'NOT MET'}`;
}

function formatSpread({ median, min, max }: Spread): string {
  return `${formatNumber(median)} (${formatNumber(min)}–${formatNumber(max)})`;
}

/** Three digits that mean something. */
export function formatNumber(value: number): string {
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
