/*
 * A5: power cuts on a real ext4 over dm-flakey, which needs a kernel of one's own in an emulator.
 *
 * It is not built: the kernel of most containers has no device mapper, and a guest that has one must
 * be downloaded and booted. What it would add to A3 (the same cuts over FUSE) is ext4's own ordering.
 * The check says what of the tools is there, so that nobody takes it for passed.
 */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { ChaosCheck, ChaosOutcome } from './check.ts';

/** The check. */
export const check: ChaosCheck = {
  id: 'A5',
  title: 'power cuts on ext4 over dm-flakey in a guest',
  run: async (): Promise<ChaosOutcome> => {
    const hasMapper = existsSync('/dev/mapper/control');
    const hasQemu = isInPath('qemu-system-x86_64');
    const figures = {
      'device mapper here': hasMapper ? 'yes' : 'no',
      'qemu-system-x86_64': hasQemu ? 'yes' : 'no',
    };
    const detail = 'not built: it needs a guest kernel with dm-flakey; A3 cuts the power over FUSE';
    return { verdict: 'unavailable', detail, figures };
  },
};

function isInPath(program: string): boolean {
  const directories = (process.env.PATH ?? '').split(delimiter);
  return directories.some((directory) => existsSync(join(directory, program)));
}
