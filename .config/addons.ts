/*
 * Native addons in a bundle: each package's loader finds its `.node` file by the path of its own
 * folder, which a bundle does not have.
 *
 * The loader is replaced at build time by a plain require of `#native/PLATFORM-ARCH/NAME.node`,
 * and the files for this platform are copied there; dist/package.json maps `#native` to
 * dist/native. So dist runs on its own, and running on another platform only needs its files
 * added. Source: the packages' binding.js.
 */
import { copyFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import type { Plugin } from 'esbuild';

/** Where the addons of this machine go, relative to dist. */
export const nativeFolder = `native/${process.platform}-${process.arch}`;

interface Addon {
  readonly name: string;
  readonly loader: string;
  /** The file for this platform. Throws where the package ships none. */
  readonly locate: (directory: string, require: NodeJS.Require) => string;
}

const addons: readonly Addon[] = [
  { name: 'sodium-native', loader: 'binding.js', locate: findPrebuild('sodium-native') },
  { name: 'udx-native', loader: 'binding.js', locate: findPrebuild('udx-native') },
  { name: 'classic-level', loader: 'binding.js', locate: askLoader('node-gyp-build') },
  {
    name: 'msgpackr-extract',
    loader: 'index.js',
    locate: askLoader('node-gyp-build-optional-packages'),
  },
  { name: '@lydell/node-pty', loader: 'requireBinary.js', locate: findPtyFile('pty.node') },
];

/** What a build goes on without: msgpackr is slower then, an agent opens no terminals. */
const optional: ReadonlySet<string> = new Set(['msgpackr-extract', '@lydell/node-pty']);

/** What the PTY's loader gives: the addon, and on macOS the program that starts others in a terminal. */
const ptyLoader = `
const folder = '#native/' + process.platform + '-' + process.arch;
exports.requireBinary = () => require(folder + '/node-pty.node');
exports.findHelper = () => require.resolve(folder + '/spawn-helper');
`;

/** Replaces the addons' loaders while bundling. */
export function planAddons(): Plugin {
  return {
    name: 'addons',
    setup(build) {
      for (const { name, loader } of addons) {
        const filter = new RegExp(
          `node_modules[\\\\/]${name}[\\\\/]${loader.replace('.', '\\.')}$`,
        );
        const contents = name === '@lydell/node-pty' ? ptyLoader : writeLoader(name);
        build.onLoad({ filter }, () => ({ contents, loader: 'js' }));
      }
    },
  };
}

/** Copies the addons that were bundled into `directory`. */
export function copyAddons(root: string, directory: string, bundled: readonly string[]): void {
  const require = createRequire(join(root, 'package.json'));
  mkdirSync(directory, { recursive: true });
  for (const { name, locate } of addons) {
    const loader = bundled.find((path) => path.includes(`node_modules/${name}/`));
    if (loader === undefined) continue;
    const home = join(root, loader.slice(0, loader.lastIndexOf(`/${name}/`)), name);
    try {
      copyFileSync(locate(home, require), join(directory, `${basename(name)}.node`));
      if (name === '@lydell/node-pty') copyPtyHelper(home, directory, require);
    } catch (cause) {
      if (optional.has(name)) continue;
      throw new Error(`${name} has no addon for ${nativeFolder}`, { cause });
    }
  }
}

function copyPtyHelper(home: string, directory: string, require: NodeJS.Require): void {
  if (process.platform !== 'darwin') return;
  copyFileSync(findPtyFile('spawn-helper')(home, require), join(directory, 'spawn-helper'));
}

/** node-pty's files lie in a package for each platform, beside its own. */
function findPtyFile(file: string): Addon['locate'] {
  return (directory) => join(directory, '..', `node-pty-${process.platform}-${process.arch}`, file);
}

function writeLoader(name: string): string {
  const file = `'#native/' + process.platform + '-' + process.arch + '/${name}.node'`;
  return `module.exports = require(${file});\n`;
}

function findPrebuild(name: string): Addon['locate'] {
  return (directory) =>
    join(directory, 'prebuilds', `${process.platform}-${process.arch}`, `${name}.node`);
}

function askLoader(packageName: string): Addon['locate'] {
  return (directory, require) => {
    const loader = require(packageName) as { path(directory: string): string };
    return loader.path(directory);
  };
}
