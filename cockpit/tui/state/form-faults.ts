/*
 * What is wrong with a dispatch, and at which field: before it is sent, and when the hub refuses. Pure.
 *
 * Before sending the verb's own schema is asked, so that the screen and the hub can't differ; its errors
 * come in the same words as the hub's. An error finds its field by the flag that it names.
 */
import { AppError, type ErrorShape } from '../../../protocol/errors.ts';
import { splitShellWords } from '../../verbs/shell-words.ts';
import { parseVerbArgs } from '../../verbs/verb.ts';
import type { DispatchArgs } from './form-args.ts';
import {
  type DispatchForm,
  type FieldId,
  type FormError,
  type FormValues,
  listFields,
} from './form-fields.ts';
import type { State } from './model.ts';
import { listHarnesses, namesOf, readTargets } from './targets.ts';

/** The first thing that is wrong with what was typed; undefined where the hub may be asked. */
export function findFault(
  state: State,
  form: DispatchForm,
  args: DispatchArgs,
): FormError | undefined {
  const own = findOwnFault(state, form.values);
  if (own !== undefined) return own;
  const verb = state.verbs.find(({ name }) => name === 'dispatch');
  if (verb === undefined) return undefined;
  try {
    parseVerbArgs(verb, args);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    // Its hint names a flag of the command line; the sentence says enough.
    const { code, message } = thrown;
    return placeError(form, { code, message, hint: '' });
  }
}

/** An error of the hub, with the field that it is about. */
export function placeError(form: DispatchForm, error: ErrorShape): FormError {
  const [prefix, flag] = /^dispatch: (?:([a-z-]+)[^:\s]*: )?/.exec(error.message) ?? [''];
  // Of several flags the last is the one that is missing, or one too many.
  const named = flag ?? /.*--([a-z-]+)/s.exec(error.message)?.[1] ?? '';
  const field = error.code.startsWith('WORKER_') ? 'to' : fieldOf(form, named);
  const text = error.message.slice(prefix.length);
  const message = text.charAt(0).toUpperCase() + text.slice(1);
  return { ...error, message, field };
}

function fieldOf(form: DispatchForm, flag: string): FieldId | undefined {
  const fields = listFields(form.values);
  if (['on', 'need', 'all'].includes(flag)) return 'to';
  if (flag === 'prompt') return 'command';
  const isPolicy = ['replace', 'stop-after', 'lost-after', 'reconcile'].includes(flag);
  return fields.find((field) => field === flag) ?? (isPolicy ? 'policy' : undefined);
}

/** What only the screen can tell, for it is about how things are typed here. */
function findOwnFault(state: State, { texts, chosen }: FormValues): FormError | undefined {
  if (texts.command.text.trim() === '') {
    return chosen.ask === 'prompt'
      ? fault('command', 'There is no prompt yet.', 'Type what to ask.')
      : fault('command', 'There is no command yet.', 'Type what to run.');
  }
  const isNobody = texts.harness.text.trim() === '' && listHarnesses(state.team).length === 0;
  if (chosen.ask === 'prompt' && isNobody) {
    return fault('harness', 'No worker has a harness.', 'Name one, if a box has it all the same.');
  }
  const [stranger] = namesOf(readTargets(texts.to.text, state.team), 'unknown');
  if (stranger !== undefined) {
    const message = `No worker is called "${stranger}", and none has it.`;
    return fault('to', message, `+${stranger} asks for it as a need all the same.`);
  }
  const torn = (['env', 'secret', 'artifact', 'label'] as const).find(
    (id) => splitShellWords(texts[id].text) === undefined,
  );
  if (torn !== undefined) return fault(torn, 'A quote is not closed.', 'Words are as in a shell.');
  const isReplaced =
    chosen.policy === 'replace' || (chosen.policy === 'own' && chosen.replace === 'yes');
  if (!isReplaced || chosen.idempotent === 'yes') return undefined;
  const message = 'What is started elsewhere by itself may run twice.';
  return fault('idempotent', message, 'Say yes here, or choose that you are asked.');
}

function fault(field: FieldId, message: string, hint: string): FormError {
  return { code: 'USAGE_ARGUMENT', message, hint, field };
}
