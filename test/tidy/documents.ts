/*
 * What every file must say of itself: a header, and a docstring for each export.
 *
 * The header is the first thing in the file, a plain block comment of two to ten lines; a test may
 * say in one line what it is about. A docstring stands right before what it describes, for a list of exports before the declaration.
 */
import {
  type Finding,
  findName,
  getNode,
  getNodes,
  report,
  type Source,
  type SyntaxNode,
} from './source.ts';

const headerLinesMin = 2;
const headerLinesMax = 10;

/** Files without a header, or with one that is too short or too long. */
export function findMissingHeaders(sources: readonly Source[]): readonly Finding[] {
  return sources.flatMap((source) => {
    const message = judgeHeader(source);
    return message === undefined ? [] : [{ path: source.path, line: 1, message }];
  });
}

/** Exports without a docstring; tests export nothing that is described. */
export function findMissingDocstrings(sources: readonly Source[]): readonly Finding[] {
  return sources
    .filter((source) => !source.path.endsWith('.test.ts') && !source.path.endsWith('.d.ts'))
    .flatMap((source) =>
      listExports(source)
        .filter((node) => !hasDocstring(source, node))
        .map((node) => report(source, node, `${nameExport(node)} has no docstring`)),
    );
}

function judgeHeader(source: Source): string | undefined {
  const body = source.text.replace(/^#!.*\n/, '');
  const shift = source.text.length - body.length;
  const first = source.comments.find((comment) => comment.start === shift);
  if (first?.type !== 'Block' || first.value.startsWith('*')) {
    return 'the file does not open with a header: /* what it owns, what it must never do */';
  }
  const lineCount = first.value.trim().split('\n').length;
  const linesMin = source.path.startsWith('test/') ? 1 : headerLinesMin;
  if (lineCount >= linesMin && lineCount <= headerLinesMax) return undefined;
  return `the header has ${lineCount} lines; ${linesMin} to ${headerLinesMax}`;
}

/** The nodes that need a docstring before them. */
function listExports(source: Source): readonly SyntaxNode[] {
  const body = getNodes(source.program, 'body');
  return body.flatMap((node) => {
    if (node.type !== 'ExportNamedDeclaration' || getNode(node, 'source')) return [];
    if (getNode(node, 'declaration')) return [node];
    const names = getNodes(node, 'specifiers').map((one) => findName(getNode(one, 'local')));
    return body.filter((candidate) =>
      declaredNames(candidate).some((name) => names.includes(name)),
    );
  });
}

function declaredNames(node: SyntaxNode): readonly string[] {
  const own = findName(getNode(node, 'id'));
  if (own !== undefined) return [own];
  return getNodes(node, 'declarations').flatMap((one) => findName(getNode(one, 'id')) ?? []);
}

function nameExport(node: SyntaxNode): string {
  return declaredNames(getNode(node, 'declaration') ?? node).join(', ') || 'an export';
}

function hasDocstring(source: Source, node: SyntaxNode): boolean {
  const before = source.text.slice(0, node.start).trimEnd().length;
  const comment = source.comments.find((candidate) => candidate.end === before);
  return comment?.type === 'Block' && comment.value.startsWith('*');
}
