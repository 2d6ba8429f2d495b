/*
 * The sources as the tidy checks see them: text, syntax tree, comments and imports.
 *
 * A check is a pure function from sources to findings; only `readSources` touches the disk, so
 * every check can be shown a bad snippet. What cannot be parsed stops the run: silence here would
 * hide a whole file. Source: the ESTree shapes of oxc, by rolldown.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'rolldown/utils';

/** The repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Any node of the tree; what its `type` gives is read through `getNode` and `getNodes`. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** One import or re-export, static or dynamic. */
export interface ImportUse {
  /** As written. */
  readonly specifier: string;
  /** Path from the root for one of our files, else undefined. */
  readonly target: string | undefined;
  readonly isTypeOnly: boolean;
  readonly line: number;
}

/** A comment with its text, delimiters left out. */
export interface SourceComment {
  readonly type: 'Line' | 'Block';
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** One parsed file. `path` is relative to the root, with slashes. */
export interface Source {
  readonly path: string;
  readonly text: string;
  readonly program: SyntaxNode;
  readonly comments: readonly SourceComment[];
  readonly imports: readonly ImportUse[];
}

/** One thing to mend. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** Our TypeScript, wherever it lives. Errors: throws with the file's name when one can't be parsed. */
export function readSources(): readonly Source[] {
  const globs = ['{protocol,store,agent,cockpit,test}/**/*.{ts,tsx}', '.config/*.ts'];
  return globs
    .flatMap((glob) => globSync(glob, { cwd: root }))
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
    .map((path) => parseSource(path, readFileSync(join(root, path), 'utf8')));
}

/** Parses one file. Errors: throws when it is not TypeScript. */
export function parseSource(path: string, text: string): Source {
  const lang = path.endsWith('.d.ts') ? 'dts' : path.endsWith('x') ? 'tsx' : 'ts';
  const { program, comments, errors } = parseSync(path, text, { lang });
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  const tree = program as unknown as SyntaxNode;
  return { path, text, program: tree, comments, imports: listImports({ path, text }, tree) };
}

/** The line of an offset, from 1. */
export function countLine(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** Makes a finding at a node. */
export function report(source: Source, node: SyntaxNode, message: string): Finding {
  return { path: source.path, line: countLine(source.text, node.start), message };
}

/** A child node by field; undefined where there is none. */
export function getNode(node: SyntaxNode, field: string): SyntaxNode | undefined {
  const value = node[field];
  return isNode(value) ? value : undefined;
}

/** A list of child nodes by field; empty where there is none. */
export function getNodes(node: SyntaxNode, field: string): readonly SyntaxNode[] {
  const value = node[field];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** The text of a string literal. */
export function findLiteral(node: SyntaxNode | undefined): string | undefined {
  if (node?.type !== 'Literal') return undefined;
  return typeof node.value === 'string' ? node.value : undefined;
}

/** The name of a plain identifier. */
export function findName(node: SyntaxNode | undefined): string | undefined {
  if (node?.type !== 'Identifier') return undefined;
  return typeof node.name === 'string' ? node.name : undefined;
}

/** Calls `look` for every node below and including `node`, parents first. */
export function visit(
  node: SyntaxNode,
  look: (node: SyntaxNode, parent: SyntaxNode | undefined) => void,
  parent?: SyntaxNode,
): void {
  look(node, parent);
  for (const value of Object.values(node)) {
    if (isNode(value)) visit(value, look, node);
    else if (Array.isArray(value))
      for (const item of value) if (isNode(item)) visit(item, look, node);
  }
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

function listImports(
  file: { readonly path: string; readonly text: string },
  program: SyntaxNode,
): readonly ImportUse[] {
  const uses: ImportUse[] = [];
  visit(program, (node) => {
    if (
      !/^(Import(Declaration|Expression)|Export(All|Named)Declaration|TSImportType)$/.test(
        node.type,
      )
    )
      return;
    const specifier = findLiteral(getNode(node, 'source') ?? getNode(node, 'argument'));
    if (specifier === undefined) return;
    uses.push({
      specifier,
      target: resolveTarget(file.path, specifier),
      isTypeOnly: isTypeOnly(node),
      line: countLine(file.text, node.start),
    });
  });
  return uses;
}

function isTypeOnly(node: SyntaxNode): boolean {
  if (node.type === 'TSImportType') return true;
  if (node.importKind === 'type' || node.exportKind === 'type') return true;
  const specifiers = getNodes(node, 'specifiers');
  return specifiers.length > 0 && specifiers.every((specifier) => specifier.importKind === 'type');
}

function resolveTarget(path: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return normalize(join(dirname(path), specifier)).replaceAll('\\', '/');
}
