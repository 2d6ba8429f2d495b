/*
 * The product's own agent as a process, from its sources: for what only the real one does.
 *
 * Its home is $ODALLY_HOME, the arguments those of `odally`.
 */
import { runCli } from '../../../agent/cli.ts';
import { openProgram } from '../../../agent/ports.ts';
import { exitProgram } from '../../../protocol/ports.ts';

exitProgram(await runCli(openProgram(import.meta.url), '0.0.0-plain'));
