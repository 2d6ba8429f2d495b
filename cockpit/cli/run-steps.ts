/*
 * A verb that tells its steps: what is told goes to stderr as it comes, the answer to stdout.
 *
 * With `--json` every step is a line of stdout, and the answer is the last one. A signal leaves it: what is
 * under way ends, and the hub says so.
 */
import { AppError } from '../../protocol/errors.ts';
import type { HubClient } from '../hub/client.ts';
import type { Program } from '../ports.ts';
import type { Request } from '../verbs/command-line.ts';
import type { AnyVerb } from '../verbs/verb.ts';
import { chooseStyle } from './style.ts';

/** What is asked of whom. */
export interface StepsCall {
  readonly program: Program;
  readonly client: HubClient;
  readonly request: Request;
}

/** Runs it to its end; resolves with the exit status. */
export async function runSteps(
  { program, client, request }: StepsCall,
  verb: AnyVerb,
): Promise<number> {
  const { isJson, args } = request;
  const printJson = (value: unknown) => program.print(`${JSON.stringify(value)}\n`);
  const style = chooseStyle(program.isTerminal, program.env.NO_COLOR);
  const stream = client.stream(verb.name, args, async (item) => {
    if (isJson) return printJson(item);
    const words = verb.showItem?.(item, style) ?? '';
    if (words !== '') program.say(words);
  });
  const left =
    verb.name === 'install'
      ? new AppError('INSTALL_LEFT')
      : new AppError(
          'WAIT_TIMEOUT',
          `${verb.name} was left before its end; what was begun goes on.`,
        );
  const interrupted = new Promise<never>((_, reject) => {
    program.onSignal(() => {
      // First: a stream that is left resolves at once, with no answer.
      reject(left);
      stream.cancel();
    });
  });
  const answer = await Promise.race([stream.done, interrupted]);
  if (isJson) await printJson(answer);
  else await program.print(`${verb.show(answer as never, style)}\n`);
  return verb.exit?.(answer as never) ?? 0;
}
