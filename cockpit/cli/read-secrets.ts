/*
 * `dispatch --secret NAME`: the value is that of a variable here, so that it stands on no command line.
 *
 * The hub has not the asker's environment, so it is put in place here, before the hub is asked.
 * Errors: USAGE_ARGUMENT, which names the variable and never a value.
 */
import { AppError } from '../../protocol/errors.ts';
import type { Program } from '../ports.ts';
import type { Request } from '../verbs/command-line.ts';
import { isVariableName } from '../verbs/variables.ts';

/** The request with the values of its secrets in place. */
export function readSecrets(
  { findVariable }: Pick<Program, 'findVariable'>,
  request: Request,
): Request {
  const { secret } = request.args;
  if (request.verb !== 'dispatch' || !Array.isArray(secret)) return request;
  const filled = secret.map((word: unknown) => {
    if (typeof word !== 'string' || !isVariableName(word)) return word;
    const value = findVariable(word);
    if (value !== undefined) return `${word}=${value}`;
    const message = `dispatch: --secret ${word}: there is no such variable here.`;
    throw new AppError('USAGE_ARGUMENT', message);
  });
  return { ...request, args: { ...request.args, secret: filled } };
}
