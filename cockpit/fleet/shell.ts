/*
 * Words for the shells of other boxes.
 *
 * sshd hands a command to the person's login shell, which may be any; so all of ours is one word for
 * `/bin/sh -c`, in single quotes, which sh, bash, zsh, fish and csh read alike as long as there is no quote,
 * backslash, exclamation mark or newline in it. A script that reads nothing else comes by stdin and is free.
 * Pure. Source: POSIX.1-2017, Shell Command Language.
 */
import { AppError, assert } from '../../protocol/errors.ts';

/** The command that runs a script which it reads from stdin. */
export const readScript = '/bin/sh -s';

/** One line of sh as a command of any login shell; stdin stays free for data. */
export function quoteLine(line: string): string {
  assert(/^[^'\\!\n\r\0]+$/.test(line), 'a line for another shell holds no quote or newline');
  return `/bin/sh -c '${line}'`;
}

/** `$ODALLY_HOME` on a box as sh spells it, safe inside double quotes. Errors: USAGE_ARGUMENT. */
export function spellHome(home: string | undefined): string {
  if (home === undefined) return '$HOME/.odally';
  if (/^\/[\w ./@+-]+$/.test(home) && !home.split('/').includes('..')) return home;
  throw new AppError(
    'USAGE_ARGUMENT',
    `--home: "${home}" is not an absolute path of letters, digits, spaces, and . _ @ + - alone.`,
  );
}
