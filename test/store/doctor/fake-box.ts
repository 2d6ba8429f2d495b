/*
 * A box without environment on which no program can be found: for what is not about boxes.
 */
import type { Box } from '../../../store/doctor/box.ts';

/** It says nothing. */
export const bareBox: Box = {
  env: {},
  pid: process.pid,
  proc: '/nowhere',
  run: async () => undefined,
};
