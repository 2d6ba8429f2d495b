/*
 * `dispatch --prompt -`: the prompt is what stdin gives, to its end.
 *
 * Whoever runs a verb elsewhere than on a command line has no stdin, so it is put in place here, before
 * the hub is asked. No more is read than a prompt may have. Errors: USAGE_ARGUMENT.
 */
import { AppError } from '../../protocol/errors.ts';
import { promptLettersMax } from '../../protocol/limits.ts';
import type { Program } from '../ports.ts';
import type { Request } from '../verbs/command-line.ts';

/** The request with its prompt in place. */
export async function readPrompt(
  { stdin }: Pick<Program, 'stdin'>,
  request: Request,
): Promise<Request> {
  if (request.verb !== 'dispatch' || request.args.prompt !== '-') return request;
  let text = '';
  stdin.setEncoding('utf8');
  for await (const piece of stdin) {
    text += String(piece);
    if (text.length > promptLettersMax) {
      const most = `dispatch: a prompt has ${promptLettersMax} letters at most.`;
      throw new AppError('USAGE_ARGUMENT', most);
    }
  }
  return { ...request, args: { ...request.args, prompt: text.trimEnd() } };
}
