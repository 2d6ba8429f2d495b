/*
 * Command templates: an argv list with places, filled piece by piece.
 *
 * No shell is ever involved, and a value never becomes more than (a part of) one piece, so nothing that a
 * provider answers can be a command or a flag. A piece that is itself a list is left out as a whole where one
 * of its places has no value. Pure. Errors: SPAWN_CONFIG for a place that has none elsewhere.
 */
import { AppError } from '../../../protocol/errors.ts';

/** One piece, or pieces that go together. */
export type TemplatePiece = string | readonly string[];

/** A command with places such as `{id}`. */
export type Template = readonly TemplatePiece[];

/** Place → what stands there; what is undefined has no value. */
export type TemplateValues = Readonly<Record<string, string | undefined>>;

const place = /\{([a-z][a-z0-9_]*)\}/g;

/** The command with every place filled. Errors: SPAWN_CONFIG. */
export function fillCommand(template: Template, values: TemplateValues): readonly string[] {
  return template.flatMap((piece) => {
    if (typeof piece === 'string') return [fillPiece(piece, values)];
    const isWhole = listPlaces(piece).every((name) => findValue(values, name) !== undefined);
    return isWhole ? piece.map((one) => fillPiece(one, values)) : [];
  });
}

/** One piece with every place filled. Errors: SPAWN_CONFIG. */
export function fillPiece(piece: string, values: TemplateValues): string {
  const filled = piece.replace(place, (_, name: string) => {
    const value = findValue(values, name);
    if (value !== undefined) return value;
    const hint = `say what it is in its \`values\`, as ${name} = "…"`;
    throw new AppError('SPAWN_CONFIG', `The command needs {${name}}: ${hint}.`);
  });
  // What begins with a dash would be read as a flag; only the template's own hand may write one.
  if (filled.startsWith('-') && !piece.startsWith('-')) {
    throw new AppError('SPAWN_CONFIG', `"${filled}" would be read as a flag.`);
  }
  return filled;
}

/** The places of a template, each once. */
export function listPlaces(template: Template): readonly string[] {
  const text = template.flat().join(' ');
  return [...new Set([...text.matchAll(place)].map(([, name = '']) => name))];
}

/** An empty value is none: `{x}` in a list of its own is then left out. */
function findValue(values: TemplateValues, name: string): string | undefined {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  return value === '' ? undefined : value;
}
