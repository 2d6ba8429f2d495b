/*
 * The product's own agent as a process, with a handler that fails at planted messages.
 *
 * The fault sits where an assignment was taken and its receipt is put off, after memory was changed. Its home is
 * $ODALLY_HOME, the plan $WALLY_POISON, the arguments those of `odally`.
 */
import { runCli } from '../../../agent/cli.ts';
import { openProgram } from '../../../agent/ports.ts';
import { UnsaidReceipts } from '../../../agent/unsaid.ts';
import { exitProgram } from '../../../protocol/ports.ts';
import { bendVersions, readPoison, strike } from './bend.ts';

const poison = readPoison();
bendVersions();
const { note } = UnsaidReceipts.prototype;

UnsaidReceipts.prototype.note = function noteOrFail(attempt) {
  strike(poison, attempt);
  note.call(this, attempt);
};

exitProgram(await runCli(openProgram(import.meta.url), '0.0.0-poison'));
