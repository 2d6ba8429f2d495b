/*
 * The `wally` program. It reads nothing and loads nothing before it knows that it must.
 */
import { exitProgram, openProgram } from './ports.ts';

declare const WALLY_VERSION: string;

const program = openProgram();
const [first] = program.argv;
if (first === '--version' || first === '-V' || first === 'version') {
  await program.print(`${WALLY_VERSION}\n`);
  exitProgram(0);
} else {
  const { runCli } = await import('./cli/main.ts');
  exitProgram(await runCli(program, WALLY_VERSION));
}
