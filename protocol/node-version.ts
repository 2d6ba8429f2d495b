/*
 * Which Node.js the programs run on, and what is said where it is too old.
 *
 * Both entries ask here before they load anything else: the libraries do not even link on an older
 * one, and the person would see a stack of ours. So this file, and what it loads when it refuses,
 * must stay without anything that came after Node 18, and free of cost where all is well.
 */

/** The oldest major version that the programs run on: `engines` in package.json says the same. */
export const nodeMajorMin = 22;

/** As much of a program as a refusal needs. */
export interface NodeProgram {
  readonly argv: readonly string[];
  /** As Node says it of itself, without a `v`. */
  readonly nodeVersion: string;
  /** Writes a line to stdout. */
  print(line: string): unknown;
  /** Writes lines to stderr. */
  say(lines: string): void;
}

/** Says that this Node is too old, and resolves with the exit status; undefined where it is not. */
export async function refuseOldNode(
  name: 'wally' | 'odally',
  program: NodeProgram,
): Promise<number | undefined> {
  const { argv, nodeVersion } = program;
  if (Number.parseInt(nodeVersion, 10) >= nodeMajorMin) return undefined;
  const { AppError } = await import('./errors.ts');
  const { code, message, hint, exit } = new AppError(
    'NODE_VERSION',
    `This is Node.js ${nodeVersion}; ${name} needs ${nodeMajorMin} or newer.`,
  );
  const end = argv.indexOf('--');
  const isJson = argv.slice(0, end < 0 ? argv.length : end).includes('--json');
  if (isJson) await program.print(JSON.stringify({ error: { code, message, hint } }));
  else program.say(`${name}: ${message} [${code}]\n${hint}`);
  return exit;
}
