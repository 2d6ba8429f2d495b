/*
 * The words of a command for developers: what makes no sense ends it, with its usage and status 2.
 *
 * A check that passed because its size, or the name of what it should try, was mistyped has shown nothing, so
 * nothing is guessed and nothing passed over. `--help` prints the usage, with status 0.
 */

/** Reads them by `parse`, which throws where a flag is unknown. */
export function readWords<Values>(usage: string, parse: () => Values): Values {
  if (process.argv.includes('--help')) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parse();
  } catch (error) {
    return refuseWords(usage, error instanceof Error ? error.message : String(error));
  }
}

/** A number of things to try, from 1. */
export function readCount(usage: string, text: string): number {
  const count = Number(text);
  const isCount = Number.isSafeInteger(count) && count > 0;
  return isCount ? count : refuseWords(usage, `"${text}" is not a count`);
}

/** Words with commas between, each of them a known one. */
export function readNames(
  usage: string,
  { text, known }: { readonly text: string; readonly known: ReadonlySet<string> },
): readonly string[] {
  const names = text.split(',').filter((word) => word !== '');
  const strange = names.find((name) => !known.has(name));
  if (strange === undefined && names.length > 0) return names;
  return refuseWords(usage, `"${strange ?? text}" is none of ${[...known].join(', ')}`);
}

/** Ends the command. */
export function refuseWords(usage: string, why: string): never {
  console.error(`${why}\n${usage}`);
  process.exit(2);
}
