/*
 * Small changes to third-party sources that are made while bundling, each with its reason.
 *
 * A patch whose text is no longer found fails the build, so an upgrade can't drop one silently.
 * Dead weight is cut, and what Node 20 lacks is written otherwise; a patch must never change what a
 * package does for us.
 */
import { readFileSync } from 'node:fs';
import type { Plugin } from 'esbuild';

interface Patch {
  readonly file: RegExp;
  readonly from: RegExp;
  readonly to: string;
}

const patches: readonly Patch[] = [
  // yoga fetches its own base64 text when it can, which loads undici: 90 ms of every start and
  // 9 MB. Without `fetch` it decodes the text itself. Source: facts on ink, cold start.
  {
    file: /node_modules[\\/]yoga-layout[\\/]dist[\\/]binaries[\\/].*-esm\.js$/,
    from: /typeof fetch/g,
    to: 'typeof undefined',
  },
  // Ink reads `process` from an import, so a define can't reach this test of DEV; with it goes the
  // only use of react-devtools-core, which we don't install.
  {
    file: /node_modules[\\/]ink[\\/]build[\\/](reconciler|ink)\.js$/,
    from: /process\.env\['DEV'\] === 'true'/g,
    to: 'false',
  },
  // The only thing in the bundle that Node 20 lacks, where the rest runs as well as on a later one.
  {
    file: /node_modules[\\/]execa[\\/]lib[\\/]arguments[\\/]encoding-option\.js$/,
    from: /TEXT_ENCODINGS\.union\(BINARY_ENCODINGS\)/g,
    to: 'new Set([...TEXT_ENCODINGS, ...BINARY_ENCODINGS])',
  },
  // zod carries its messages in fifty languages, which is half of its size; ours are English.
  {
    file: /node_modules[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/,
    from: /^export \{ default as (?!en\b).*$/gm,
    to: '',
  },
];

/** Applies the patches while bundling. */
export function planPatches(): Plugin {
  return {
    name: 'patches',
    setup(build) {
      for (const patch of patches) {
        build.onLoad({ filter: patch.file }, ({ path }) => {
          const text = readFileSync(path, 'utf8');
          const contents = text.replaceAll(patch.from, patch.to);
          if (contents !== text) return { contents };
          return { errors: [{ text: `${path} has no ${patch.from} any more` }] };
        });
      }
    },
  };
}
