/*
 * Native addons in a bundle: each package's loader finds its `.node` file by the path of its own
 * folder, which a bundle does not have.
 *
 * The loader is replaced at build time by a plain require of `#native/PLATFORM-ARCH/NAME.node`,
 * and the files are copied there, for this platform and for every other one that the packages ship
 * them for, because agents go to boxes of other kinds; dist/package.json maps `#native` to
 * dist/native. So dist runs on its own. Source: the packages' binding.js.
 */
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import type { Plugin } from 'esbuild';

/** The platform of this machine. */
const ownPlatform = `${process.platform}-${process.arch}`;

/** The platforms that agents are sent to; this machine's own may be another. */
const agentPlatforms = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'darwin-x64'] as const;

interface Addon {
  readonly name: string;
  readonly loader: string;
  /** The file for this machine. Throws where the package ships none. */
  readonly locate: (directory: string, require: NodeJS.Require) => string;
  /** Where the package, or one beside it, keeps the file for another platform. */
  readonly ships: (platform: string) => string;
}

const addons: readonly Addon[] = [
  { name: 'sodium-native', loader: 'binding.js', ...prebuilds('sodium-native') },
  { name: 'udx-native', loader: 'binding.js', ...prebuilds('udx-native') },
  {
    name: 'classic-level',
    loader: 'binding.js',
    locate: askLoader('node-gyp-build'),
    ships: (platform) => {
      if (platform.startsWith('darwin-')) return 'prebuilds/darwin-x64+arm64/classic-level.node';
      const name = platform === 'linux-arm64' ? 'classic-level.armv8' : 'classic-level';
      return `prebuilds/${platform}/${name}.node`;
    },
  },
  {
    name: 'msgpackr-extract',
    loader: 'index.js',
    locate: askLoader('node-gyp-build-optional-packages'),
    ships: (platform) => {
      const name = platform.startsWith('linux-') ? 'node.napi.glibc' : 'node.napi';
      return `../@msgpackr-extract/msgpackr-extract-${platform}/${name}.node`;
    },
  },
  {
    name: '@lydell/node-pty',
    loader: 'requireBinary.js',
    locate: (directory) => join(directory, findPtyFile('pty.node')(ownPlatform)),
    ships: findPtyFile('pty.node'),
  },
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

/**
 * Copies the addons that were bundled into `native`, a folder for each platform. Those of another platform
 * are there whole or not at all. Throws where this machine's are not all there.
 */
export function copyAddons(root: string, native: string, bundled: readonly string[]): void {
  const require = createRequire(join(root, 'package.json'));
  const found = addons.flatMap((addon) => {
    const loader = bundled.find((path) => path.includes(`node_modules/${addon.name}/`));
    if (loader === undefined) return [];
    const place = loader.slice(0, loader.lastIndexOf(`/${addon.name}/`));
    return [{ addon, home: join(root, place, addon.name) }];
  });
  copyOwn(found, join(native, ownPlatform), require);
  for (const platform of agentPlatforms) {
    if (platform !== ownPlatform) copyForeign(found, join(native, platform), platform);
  }
}

interface FoundAddon {
  readonly addon: Addon;
  readonly home: string;
}

function copyOwn(found: readonly FoundAddon[], to: string, require: NodeJS.Require): void {
  mkdirSync(to, { recursive: true });
  for (const { addon, home } of found) {
    try {
      copyFileSync(addon.locate(home, require), join(to, `${basename(addon.name)}.node`));
    } catch (cause) {
      if (optional.has(addon.name)) continue;
      throw new Error(`${addon.name} has no addon for ${ownPlatform}`, { cause });
    }
    copyPtyHelper({ addon, home }, to, ownPlatform);
  }
}

function copyForeign(found: readonly FoundAddon[], to: string, platform: string): void {
  const files = found.map(({ addon, home }) => ({
    addon,
    home,
    path: join(home, addon.ships(platform)),
  }));
  const there = files.filter(({ path }) => existsSync(path));
  const isWhole = files.every((file) => there.includes(file) || optional.has(file.addon.name));
  if (!isWhole) return;
  mkdirSync(to, { recursive: true });
  for (const { addon, home, path } of there) {
    copyFileSync(path, join(to, `${basename(addon.name)}.node`));
    copyPtyHelper({ addon, home }, to, platform);
  }
}

/** On macOS node-pty starts others through a program of its own. */
function copyPtyHelper({ addon, home }: FoundAddon, to: string, platform: string): void {
  if (addon.name !== '@lydell/node-pty' || !platform.startsWith('darwin-')) return;
  copyFileSync(join(home, findPtyFile('spawn-helper')(platform)), join(to, 'spawn-helper'));
}

/** node-pty's files lie in a package for each platform, beside its own. */
function findPtyFile(file: string): Addon['ships'] {
  return (platform) => join('..', `node-pty-${platform}`, file);
}

function writeLoader(name: string): string {
  const file = `'#native/' + process.platform + '-' + process.arch + '/${name}.node'`;
  return `module.exports = require(${file});\n`;
}

function prebuilds(name: string): Pick<Addon, 'locate' | 'ships'> {
  const ships = (platform: string) => join('prebuilds', platform, `${name}.node`);
  return { ships, locate: (directory) => join(directory, ships(ownPlatform)) };
}

function askLoader(packageName: string): Addon['locate'] {
  return (directory, require) => {
    const loader = require(packageName) as { path(directory: string): string };
    return loader.path(directory);
  };
}
