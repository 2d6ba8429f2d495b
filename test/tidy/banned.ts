/*
 * Calls that only a `ports.ts` may make, each with what to use instead.
 *
 * Time, timers, chance, the console, the environment and the end of the process are arguments
 * everywhere else; that is what lets one seed replay a run. A name is banned, not only its call,
 * so that passing it on is found too. Fields and methods of the same name are someone else's.
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

/** Global name or member → the replacement that the finding names. */
const replacements: Readonly<Record<string, string>> = {
  'Date.now': 'take Ports and use clock.wallMs() or clock.monotonicMs()',
  'performance.now': 'take Ports and use clock.monotonicMs()',
  'Math.random': 'take Ports and use random.fraction()',
  'crypto.getRandomValues': 'take Ports and use random.bytes()',
  'crypto.randomUUID': 'take Ports and use random.bytes()',
  'process.exit': 'return the exit status to the entry',
  'process.env': 'take the environment as an argument',
  setTimeout: 'take Ports and use timers.after()',
  setInterval: 'take Ports and let a loop re-arm timers.after()',
  setImmediate: 'take Ports and use timers.after(0, …)',
  console: 'take a function that writes, and give it the text',
};

/** The same by the back door. */
const bannedModules: Readonly<Record<string, string>> = {
  'node:timers': 'take Ports and use timers.after()',
  'node:timers/promises': 'take Ports and use sleep()',
  'node:process': 'use the global process, where ports.ts allows it',
  'node:console': 'take a function that writes',
};

const bannedImports = new Set(['randomBytes', 'randomUUID', 'randomInt', 'performance']);

/** Banned calls outside ports.ts, test/ and .config/. */
export function findBannedCalls(sources: readonly Source[]): readonly Finding[] {
  return sources.filter((source) => !mayTouchTheWorld(source.path)).flatMap(judgeSource);
}

function mayTouchTheWorld(path: string): boolean {
  return /(^|\/)ports\.tsx?$/.test(path) || path.startsWith('test/') || path.startsWith('.config/');
}

function judgeSource(source: Source): readonly Finding[] {
  const findings: Finding[] = [];
  const add = (node: SyntaxNode, name: string, instead: string | undefined) => {
    findings.push(report(source, node, `${name} is for ports.ts only: ${instead ?? 'take Ports'}`));
  };
  visit(source.program, (node, parent) => {
    const name = nameUse(node, parent);
    if (name !== undefined && Object.hasOwn(replacements, name))
      add(node, name, replacements[name]);
    if (isArgumentlessDate(node)) add(node, 'new Date()', 'take Ports and use clock.wallMs()');
    if (node.type !== 'ImportDeclaration' || node.importKind === 'type') return;
    const module = String(getNode(node, 'source')?.value);
    if (Object.hasOwn(bannedModules, module)) add(node, module, bannedModules[module]);
    for (const imported of getNodes(node, 'specifiers')) {
      const importedName = findName(getNode(imported, 'imported'));
      if (
        importedName !== undefined &&
        module.startsWith('node:') &&
        bannedImports.has(importedName)
      ) {
        add(node, importedName, 'take Ports');
      }
    }
  });
  return findings;
}

/** `Date.now`, `globalThis.setTimeout` or a bare `console`; undefined for what names no global. */
function nameUse(node: SyntaxNode, parent: SyntaxNode | undefined): string | undefined {
  if (node.type === 'MemberExpression') return nameMember(node);
  const name = findName(node);
  if (name === undefined || parent === undefined) return undefined;
  if (parent.type === 'MemberExpression' && parent.property === node && parent.computed !== true) {
    return undefined;
  }
  const isKey = parent.key === node && parent.computed !== true;
  if (isKey || /^(TS(?!As|Non|Satisfies)|ImportSpecifier)/.test(parent.type)) return undefined;
  // `setTimeout(run, 1)` reaches here; `console.log` does too, by its object.
  return name;
}

function nameMember(node: SyntaxNode): string | undefined {
  const object = getNode(node, 'object');
  const property = getNode(node, 'property');
  const field = node.computed === true ? property?.value : findName(property);
  if (typeof field !== 'string' || object === undefined) return undefined;
  const owner = findName(object);
  if (owner === 'globalThis') return field;
  if (owner !== undefined) return `${owner}.${field}`;
  const inner = object.type === 'MemberExpression' ? nameMember(object) : undefined;
  return inner === undefined ? undefined : `${inner}.${field}`;
}

function isArgumentlessDate(node: SyntaxNode): boolean {
  if (node.type !== 'NewExpression' && node.type !== 'CallExpression') return false;
  return findName(getNode(node, 'callee')) === 'Date' && getNodes(node, 'arguments').length === 0;
}
