/*
 * The build: the programs, with those that an agent starts, bundled into dist/, which then runs without
 * node_modules.
 *
 * Nothing is built when dist/.stamp holds the hash of all that went in. A build happens in a
 * folder of its own that takes dist's place by a rename, so that two builds at once both end with
 * a whole dist. The bundle is ESM because ink and yoga await at their top level; the packages that
 * are CommonJS get a `require` by the banner. Names are kept, so that stack traces can be read.
 */
import { createHash } from 'node:crypto';
import { chmodSync, globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildOptions } from 'esbuild';

/** What a build is made from and where it goes. */
export interface BuildPlan {
  readonly root: string;
  /** Program name → its source file, relative to `root`. */
  readonly entries: Readonly<Record<string, string>>;
  /** Globs of everything that can change the result, relative to `root`. */
  readonly inputs: readonly string[];
  readonly outDirectory: string;
}

/** The two programs, and those beside an agent: for terminals, to guard leases, to keep it running. */
export const productPlan: BuildPlan = {
  root: fileURLToPath(new URL('..', import.meta.url)),
  entries: {
    wally: 'cockpit/wally.ts',
    odally: 'agent/odally.ts',
    'odally-terminal': 'agent/odally-terminal.ts',
    'odally-guard': 'agent/odally-guard.ts',
    'odally-supervisor': 'agent/odally-supervisor.ts',
  },
  inputs: [
    '{protocol,store,agent,cockpit}/**/*.*',
    '.config/{build,addons,agent-list,patches}.ts',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
  ],
  outDirectory: 'dist',
};

/** How many times a build tries to take dist's place while others do the same. */
const swapTriesMax = 20;

/** Builds if anything changed; says which it was. */
export async function build(plan: BuildPlan): Promise<'built' | 'current'> {
  const stamp = hashInputs(plan);
  if (readStamp(plan) === stamp) return 'current';
  const outName = `${plan.outDirectory}.tmp-${process.pid}`;
  const out = join(plan.root, outName);
  try {
    await bundle(plan, outName);
    writeFileSync(join(out, '.stamp'), stamp);
    swapDirectories(out, join(plan.root, plan.outDirectory));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
  return 'built';
}

async function bundle(plan: BuildPlan, outName: string): Promise<void> {
  const esbuild = await import('esbuild');
  const { copyAddons, planAddons } = await import('./addons.ts');
  const { listAgent } = await import('./agent-list.ts');
  const { planPatches } = await import('./patches.ts');
  const out = join(plan.root, outName);
  const result = await esbuild.build({
    ...chooseOptions(plan, outName),
    metafile: true,
    plugins: [planAddons(), planPatches()],
  });
  writeFileSync(
    join(out, 'package.json'),
    JSON.stringify({ type: 'module', imports: { '#native/*': './native/*' } }),
  );
  copyAddons(plan.root, join(out, 'native'), Object.keys(result.metafile.inputs));
  for (const name of Object.keys(plan.entries)) {
    const file = join(out, `${name}.js`);
    writeFileSync(
      file,
      `#!/usr/bin/env node\n${readFileSync(file, 'utf8').replace(/^#!.*\n/, '')}`,
    );
    chmodSync(file, 0o755);
  }
  const outputs = Object.fromEntries(
    Object.entries(result.metafile.outputs).map(([path, { imports }]) => [
      relative(outName, path),
      imports.filter(({ external }) => external !== true).map((use) => relative(outName, use.path)),
    ]),
  );
  const entries = Object.keys(plan.entries).filter((name) => name.startsWith('odally'));
  const list = listAgent({ out, outputs, entries, version: readVersion(plan) });
  writeFileSync(join(out, 'agent.json'), `${JSON.stringify(list, null, 2)}\n`);
}

function chooseOptions(plan: BuildPlan, outName: string): BuildOptions {
  return {
    absWorkingDir: plan.root,
    entryPoints: { ...plan.entries },
    outdir: outName,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    jsx: 'automatic',
    // Dead branches go, lines stay: whitespace is worth nothing once the archive is compressed.
    minifySyntax: true,
    logLevel: 'warning',
    define: {
      'process.env.NODE_ENV': '"production"',
      WALLY_VERSION: JSON.stringify(readVersion(plan)),
    },
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
    },
  };
}

function readVersion({ root }: BuildPlan): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}

function hashInputs(plan: BuildPlan): string {
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}\0`);
  const paths = plan.inputs.flatMap((glob) => globSync(glob, { cwd: plan.root }));
  for (const path of [...new Set(paths)].sort()) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(plan.root, path)))
      .update('\0');
  }
  return hash.digest('hex');
}

function readStamp(plan: BuildPlan): string | undefined {
  try {
    return readFileSync(join(plan.root, plan.outDirectory, '.stamp'), 'utf8');
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT')) return undefined;
    throw thrown;
  }
}

/** A rename cannot replace a folder that holds something, so the old one steps aside first. */
function swapDirectories(fresh: string, target: string): void {
  const aside = `${fresh}-old`;
  for (let tries = 0; tries < swapTriesMax; tries += 1) {
    try {
      renameSync(target, aside);
    } catch (thrown) {
      if (!hasCode(thrown, 'ENOENT')) throw thrown;
    }
    rmSync(aside, { recursive: true, force: true });
    try {
      renameSync(fresh, target);
      return;
    } catch (thrown) {
      // Another build put its own there between the two renames.
      if (!hasCode(thrown, 'ENOTEMPTY') && !hasCode(thrown, 'EEXIST')) throw thrown;
    }
  }
  throw new Error(`${target} was replaced ${swapTriesMax} times by other builds`);
}

function hasCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const start = performance.now();
  const result = await build(productPlan);
  const isQuiet = process.argv.includes('--quiet') && result === 'current';
  if (!isQuiet) console.error(`build: ${result} in ${Math.round(performance.now() - start)} ms`);
}
