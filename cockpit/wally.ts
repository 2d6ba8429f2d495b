/*
 * The `wally` program.
 *
 * It answers `--version` by itself and loads everything else only when it must, because people and
 * scripts ask for the version often and on cold machines. An older Node.js could not even load it.
 */
import { refuseOldNode } from '../protocol/node-version.ts';
import { exitProgram } from '../protocol/ports.ts';
import { openProgram } from './ports.ts';

declare const WALLY_VERSION: string;

const program = openProgram();
const [first] = program.argv;
if (first === '--version' || first === '-V' || first === 'version') {
  await program.print(`${WALLY_VERSION}\n`);
  exitProgram(0);
} else {
  const refused = await refuseOldNode('wally', {
    ...program,
    print: (line) => program.print(`${line}\n`),
  });
  if (refused !== undefined) {
    exitProgram(refused);
  } else {
    const { runCli } = await import('./cli/main.ts');
    const status = await runCli(program, WALLY_VERSION);
    exitProgram(status, program.leaveMsMax());
  }
}
