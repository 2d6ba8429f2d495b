/*
 * The error table and the source say the same codes.
 *
 * A code that is raised must have its row, and a row must be raised somewhere: a code that nothing
 * raises is documentation of something that can't happen. A code counts as used when it stands as
 * a string anywhere in the product outside the table.
 */
import {
  type Finding,
  findLiteral,
  findName,
  getNode,
  getNodes,
  report,
  type Source,
  type SyntaxNode,
  visit,
} from './source.ts';

const tableFolder = 'protocol/error-codes/';
const codeShape = /^[A-Z]+(_[A-Z]+)+$/;

/** Codes without a row, and rows without a use. */
export function findCodeGaps(
  sources: readonly Source[],
  table: readonly string[],
): readonly Finding[] {
  const product = sources.filter(({ path }) => /^(protocol|store|agent|cockpit)\//.test(path));
  const known = new Set(table);
  const used = new Set<string>();
  const findings: Finding[] = [];
  for (const source of product.filter(({ path }) => !path.startsWith(tableFolder))) {
    visit(source.program, (node, parent) => {
      const text = findLiteral(node);
      if (text === undefined || !codeShape.test(text)) return;
      used.add(text);
      if (known.has(text) || !isRaised(node, parent)) return;
      findings.push(report(source, node, `${text} has no row in ${tableFolder}`));
    });
  }
  const idle = table.filter((code) => !used.has(code));
  return [
    ...findings,
    ...idle.map((code) => ({ path: tableFolder, line: 1, message: `${code} is raised nowhere` })),
  ];
}

/** Is this string given to AppError or wrapError as the code? Other shouting strings are not ours. */
function isRaised(node: SyntaxNode, parent: SyntaxNode | undefined): boolean {
  if (parent?.type !== 'NewExpression' && parent?.type !== 'CallExpression') return false;
  const callee = findName(getNode(parent, 'callee'));
  const position = getNodes(parent, 'arguments').indexOf(node);
  return (callee === 'AppError' && position === 0) || (callee === 'wrapError' && position === 1);
}
