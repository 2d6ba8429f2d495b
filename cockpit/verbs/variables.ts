/*
 * The variables of a job as they are asked for: `NAME=VALUE`, plain or secret.
 *
 * A refusal about a secret never repeats what was given, for errors are printed and kept in logs.
 */
import { z } from 'zod';
import { secretBytesMin, secretNamesMax } from '../../protocol/limits.ts';

const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Plain ones. */
export const envArgument = z
  .array(z.string())
  .default([])
  .transform((pairs, context) =>
    readPairs(pairs, (pair) => {
      context.addIssue({ code: 'custom', message: `"${pair}" is not NAME=VALUE` });
    }),
  );

/** Those whose values must be seen nowhere. */
export const secretArgument = z
  .array(z.string())
  .max(secretNamesMax)
  .default([])
  .transform((pairs, context) => {
    const fault = (message: string) => context.addIssue({ code: 'custom', message });
    const env = readPairs(pairs, () => {
      fault('a secret is NAME=VALUE, or on the command line the NAME of a variable of yours');
    });
    const short = Object.keys(env).find((name) => !isLong(env[name] ?? ''));
    if (short !== undefined) {
      fault(`${short} is too short to be hidden in a log: ${secretBytesMin} bytes at least`);
    }
    return env;
  });

/** Can this be the name of a variable? `__proto__` is none that a plain object, or the wire, can carry. */
export function isVariableName(name: string): boolean {
  return namePattern.test(name) && name !== '__proto__';
}

/** What both make together; a name that is given twice is secret. */
export function mergeVariables(
  env: Readonly<Record<string, string>>,
  secret: Readonly<Record<string, string>>,
): { readonly env: Readonly<Record<string, string>>; readonly secrets?: readonly string[] } {
  const names = Object.keys(secret);
  return { env: { ...env, ...secret }, ...(names.length === 0 ? {} : { secrets: names }) };
}

function readPairs(
  pairs: readonly string[],
  refuse: (pair: string) => void,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, Math.max(0, at));
    if (isVariableName(name)) env[name] = pair.slice(at + 1);
    else refuse(pair);
  }
  return env;
}

function isLong(value: string): boolean {
  return Buffer.byteLength(value) >= secretBytesMin;
}
