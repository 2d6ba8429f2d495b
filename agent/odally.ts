/*
 * The `odally` program.
 *
 * It answers `--version` by itself and loads everything else only when it must, because people and
 * scripts ask for the version often and on cold machines. An older Node.js could not even load it.
 * The bridge of `--stdio` loads nothing of the agent either: a hub waits for it.
 */
import { refuseOldNode } from '../protocol/node-version.ts';
import { exitProgram } from '../protocol/ports.ts';
import { openProgram } from './ports.ts';

declare const WALLY_VERSION: string;

const program = openProgram(import.meta.url);
const [first] = program.argv;
if (first === '--version' || first === '-V' || first === 'version') {
  program.print(WALLY_VERSION);
  exitProgram(0);
} else {
  const refused = await refuseOldNode('odally', program);
  if (refused !== undefined) {
    exitProgram(refused);
  } else if (first === '--stdio') {
    const { runBridge } = await import('./bridge.ts');
    exitProgram(await runBridge(program));
  } else {
    const { runCli } = await import('./cli.ts');
    exitProgram(await runCli(program, WALLY_VERSION));
  }
}
