/*
 * The layer table of DESIGN.md section 3 as data, and the check that holds imports against it.
 *
 * Three parts: which folder may import which, what a folder of pure code may not touch, and where
 * each third-party package may appear. A package that is not in the table is a finding: a new
 * dependency is a decision that is written down here.
 */
import type { Finding, ImportUse, Source } from './source.ts';

/** Layer → the layers it may import, itself included. */
const layers: Readonly<Record<string, readonly string[]>> = {
  protocol: ['protocol'],
  store: ['store', 'protocol'],
  agent: ['agent', 'protocol', 'store'],
  cockpit: ['cockpit', 'protocol', 'store'],
  test: ['test', 'protocol', 'store', 'agent', 'cockpit', '.config'],
  '.config': ['.config'],
};

/** What the store may not know: how messages travel. */
const travelling = /^protocol\/(sessions?|transports|connection)(\/|\.ts$)/;

/** Folders and files whose code is a function of its arguments. */
const pure = [
  /^protocol\/machines\//,
  /^cockpit\/manager\//,
  /^cockpit\/tui\/(views|state|keys)\//,
  /^cockpit\/patrol\/rules?(\/|\.ts$)/,
  /^cockpit\/review\/merge(\/|\.ts$)/,
  /^cockpit\/landing\/queue(\/|\.ts$)/,
];

/** What touches the world; a type of theirs is no harm. */
const edges = [
  /(^|\/)ports\.ts$/,
  /^cockpit\/(hub|cli|bridges|fleet)\//,
  /^cockpit\/tui\/panes\//,
  /^protocol\/(transports|sessions?|connection)(\/|\.ts$)/,
];

/** Third-party package → where it may be imported. */
const packages: readonly { readonly name: RegExp; readonly where: readonly RegExp[] }[] = [
  { name: /^msgpackr$/, where: [/^protocol\/codec\.ts$/] },
  {
    name: /^(hyperswarm|hyperdht|blind-relay|@hyperswarm\/.+)$/,
    where: [/^protocol\/transports\//],
  },
  { name: /^(level|classic-level|abstract-level)$/, where: [/^store\/open\.ts$/] },
  { name: /^tar-stream$/, where: [/^store\/(backup-tar|tar-entry)\.ts$/] },
  { name: /^execa$/, where: [/^agent\/work\/spawn\.ts$/, /^cockpit\/(.+\/)?ports\.ts$/] },
  { name: /^@lydell\/node-pty$/, where: [/^agent\/work\/pty\.ts$/] },
  { name: /^(ink|react)$/, where: [/^cockpit\/tui\/panes\//, /^cockpit\/tui\/[^/]+\.tsx$/] },
  { name: /^zustand$/, where: [/^cockpit\/tui\/state\//] },
  { name: /^zod$/, where: [/^(protocol|store|agent|cockpit)\//] },
  { name: /^string-width$/, where: [/^cockpit\/tui\/views\/width\.ts$/] },
  { name: /^fuzzysort$/, where: [/^cockpit\/tui\/state\/palette\.ts$/] },
  { name: /^string-argv$/, where: [/^cockpit\/verbs\/command-line\.ts$/] },
  { name: /^smol-toml$/, where: [/^(store|agent|cockpit)\//] },
];

/** Imports of packages that package.json does not name; they may be gone after any install. */
export function findUndeclared(
  sources: readonly Source[],
  declared: readonly string[],
): readonly Finding[] {
  const known = new Set(declared);
  return sources.flatMap(({ path, imports }) =>
    imports
      .filter((use) => use.target === undefined && !use.specifier.startsWith('node:'))
      .filter((use) => !known.has(namePackage(use.specifier)))
      .map(({ specifier, line }) => ({
        path,
        line,
        message: `${namePackage(specifier)} is not in package.json`,
      })),
  );
}

/** Imports that the layer table does not allow. */
export function findLayerBreaches(sources: readonly Source[]): readonly Finding[] {
  return sources.flatMap((source) =>
    source.imports.flatMap((use) => {
      const message = judgeImport(source.path, use);
      return message === undefined ? [] : [{ path: source.path, line: use.line, message }];
    }),
  );
}

function judgeImport(path: string, use: ImportUse): string | undefined {
  if (use.target !== undefined) return judgeOwn(path, use.target) ?? judgePureOwn(path, use);
  if (isPure(path) && use.specifier.startsWith('node:') && !use.isTypeOnly) {
    return `pure code may not import ${use.specifier}; take what it gives as an argument`;
  }
  if (use.specifier.startsWith('node:') || isFreeOfPlacement(path)) return undefined;
  return judgePackage(path, use.specifier);
}

function judgeOwn(path: string, target: string): string | undefined {
  const from = nameLayer(path);
  const to = nameLayer(target);
  if (target === 'package.json' && from === 'test') return undefined;
  if (!layers[from]?.includes(to)) return `${from} may not import ${to} (${target})`;
  if (from === 'store' && travelling.test(target)) {
    return `the store may not know how messages travel (${target})`;
  }
  return undefined;
}

function judgePureOwn(path: string, use: ImportUse): string | undefined {
  if (!isPure(path) || use.isTypeOnly) return undefined;
  if (!edges.some((edge) => edge.test(use.target ?? ''))) return undefined;
  return `pure code may not import ${use.target}, which touches the world; take it as an argument`;
}

function judgePackage(path: string, specifier: string): string | undefined {
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  const row = packages.find((candidate) => candidate.name.test(name));
  if (row === undefined) return `${name} is not in the table of packages in test/tidy/layers.ts`;
  if (row.where.some((where) => where.test(path))) return undefined;
  return `${name} may not be imported here; see the table in test/tidy/layers.ts`;
}

function namePackage(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function nameLayer(path: string): string {
  return path.split('/')[0] ?? '';
}

function isPure(path: string): boolean {
  return pure.some((folder) => folder.test(path));
}

function isFreeOfPlacement(path: string): boolean {
  return path.startsWith('test/') || path.startsWith('.config/');
}
