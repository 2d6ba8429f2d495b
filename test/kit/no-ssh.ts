/*
 * An ssh of hubs that get onto no box: whoever asks it is told that there is none.
 */
import type { Ssh } from '../../cockpit/fleet/ssh.ts';
import { AppError } from '../../protocol/errors.ts';

/** Refuses everything. */
export const noSsh: Ssh = {
  run: async () => {
    throw new AppError('SSH_MISSING');
  },
  open: () => {
    throw new AppError('SSH_MISSING');
  },
};
