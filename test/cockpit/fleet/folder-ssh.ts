/*
 * The port of ssh onto a box that is a folder here: its commands run by a real shell, whose home the folder is.
 */
import { execFile } from 'node:child_process';
import { expect } from 'vitest';
import type { Ssh } from '../../../cockpit/fleet/ssh.ts';

/** `findHome`: the folder, asked for at each command. It opens no channels. */
export function openFolderSsh(findHome: () => string): Ssh {
  return {
    run: (_, command, { stdin = '' } = {}) =>
      new Promise((resolve) => {
        const env = { HOME: findHome(), PATH: process.env.PATH };
        const child = execFile('/bin/sh', ['-c', command], { env }, (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
        );
        // A command that reads no stdin may be gone before it is written.
        child.stdin?.on('error', () => undefined).end(String(stdin));
      }),
    open: () => expect.unreachable('no channel is opened here'),
  };
}
