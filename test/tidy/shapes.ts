/*
 * Shapes of code and names that we do not use, wherever they appear.
 *
 * Default exports and re-exports (one name, one home), enums and namespaces (not erasable), `any`,
 * an empty catch (a failure that nobody owns), inheritance but from Error, and file names that
 * say nothing.
 */
import {
  type Finding,
  findName,
  getNode,
  getNodes,
  report,
  type Source,
  type SyntaxNode,
  visit,
} from './source.ts';

const vagueNames = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'misc', 'index']);

/** Files whose default export a tool asks for. */
const defaultExportAllowed = new Set(['.config/vitest.config.ts']);

/** Shapes and names that we do not use. */
export function findShapes(sources: readonly Source[]): readonly Finding[] {
  return sources.flatMap((source) => {
    const findings = [...judgeName(source)];
    visit(source.program, (node) => {
      const message = judgeNode(source, node);
      if (message !== undefined) findings.push(report(source, node, message));
    });
    return findings;
  });
}

function judgeNode(source: Source, node: SyntaxNode): string | undefined {
  // A declaration file describes someone else's package, as it is.
  const isOwn = !source.path.endsWith('.d.ts');
  switch (node.type) {
    case 'ExportDefaultDeclaration':
      return isOwn && !defaultExportAllowed.has(source.path)
        ? 'a default export; name it'
        : undefined;
    case 'ExportAllDeclaration':
      return 'a re-export; import from where it lives';
    case 'ExportNamedDeclaration':
      return getNode(node, 'source') ? 'a re-export; import from where it lives' : undefined;
    case 'TSEnumDeclaration':
      return 'an enum; use a union of strings';
    case 'TSModuleDeclaration':
      return isOwn ? 'a namespace; use a file' : undefined;
    case 'TSAnyKeyword':
      return '`any`; use unknown and parse it once';
    case 'CatchClause':
      return isEmptyCatch(node)
        ? 'an empty catch; handle it, or say what makes it harmless in code'
        : undefined;
    case 'ClassDeclaration':
    case 'ClassExpression':
      return isSubclass(node) ? 'inheritance; only from Error' : undefined;
    default:
      return undefined;
  }
}

function isEmptyCatch(node: SyntaxNode): boolean {
  const body = getNode(node, 'body');
  return body !== undefined && getNodes(body, 'body').length === 0;
}

function isSubclass(node: SyntaxNode): boolean {
  const parent = getNode(node, 'superClass');
  return parent !== undefined && !findName(parent)?.endsWith('Error');
}

function judgeName(source: Source): readonly Finding[] {
  const parts = source.path
    .split('/')
    .map((part) => part.replace(/(\.test|\.config|\.d)?\.tsx?$/, ''));
  return parts.flatMap((part) => {
    if (vagueNames.has(part)) return [finding(source, `"${part}" says nothing; name the noun`)];
    if (/^\.?[a-z0-9]+(-[a-z0-9]+)*$/.test(part)) return [];
    return [finding(source, `"${part}" is not lower-case words with hyphens`)];
  });
}

function finding(source: Source, message: string): Finding {
  return { path: source.path, line: 1, message };
}
