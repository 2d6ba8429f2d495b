/*
 * What the dispatch form holds: its fields, in order, and what can be chosen in each. Data only.
 *
 * A field is called as the flag of `wally dispatch` that it fills, where one flag is all it fills, so
 * that an error about a flag finds its field. `command` is the prompt where that is asked for; `to` stands
 * for `on`, `need` and `all`; `policy` for a set of flags that belong together.
 */
import type { ErrorShape } from '../../../protocol/errors.ts';
import type { TextField } from './model.ts';
import { emptyField } from './text-field.ts';

/** Fields that text is typed into. */
export const textIds = [
  'command',
  'harness',
  'to',
  'cwd',
  'repo',
  'base',
  'deadline',
  'stop-after',
  'lost-after',
  'env',
  'secret',
  'artifact',
  'label',
  'title',
] as const;

/** One of them. */
export type TextId = (typeof textIds)[number];

/** What can be chosen in the fields that offer a choice; the first is what a new form has. */
export const choices = {
  ask: ['command', 'prompt'],
  idempotent: ['no', 'yes'],
  policy: ['keep', 'stop', 'replace', 'own'],
  replace: ['no', 'yes'],
  reconcile: ['keep-replacement', 'keep-original', 'first-finished'],
  more: ['closed', 'open'],
} as const;

/** A field that offers a choice. */
export type ChoiceId = keyof typeof choices;

/** Any field. */
export type FieldId = TextId | ChoiceId;

/** What was typed and chosen. */
export interface FormValues {
  readonly texts: Readonly<Record<TextId, TextField>>;
  readonly chosen: { readonly [C in ChoiceId]: (typeof choices)[C][number] };
}

/** Something wrong, and the field that it is about, where it is about one. */
export interface FormError extends ErrorShape {
  readonly field: FieldId | undefined;
}

/** The dispatch form. `token` tells its reply from that of a form closed before. */
export interface DispatchForm {
  readonly type: 'form';
  readonly token: number;
  readonly field: FieldId;
  readonly values: FormValues;
  /** Which of the earlier dispatches is shown, and what was typed before it; undefined for none. */
  readonly past: { readonly at: number; readonly draft: FormValues } | undefined;
  /** The first row of the preview that is shown. */
  readonly previewTop: number;
  readonly isSending: boolean;
  readonly error: FormError | undefined;
}

/** A form that nothing was typed into. */
export const emptyValues: FormValues = {
  texts: Object.fromEntries(textIds.map((id) => [id, emptyField])) as FormValues['texts'],
  chosen: {
    ask: 'command',
    idempotent: 'no',
    policy: 'keep',
    replace: 'no',
    reconcile: 'keep-replacement',
    more: 'closed',
  },
};

const lateIds: readonly FieldId[] = ['deadline', 'idempotent', 'policy'];
const ownIds: readonly FieldId[] = ['stop-after', 'lost-after', 'replace', 'reconcile'];
const moreIds = [
  'env',
  'artifact',
  'label',
  'title',
  'secret',
] as const satisfies readonly TextId[];

/** The fields that are shown now, in the order of tab. */
export function listFields(values: FormValues): readonly FieldId[] {
  const own = values.chosen.policy === 'own' ? ownIds : [];
  const more = isMoreOpen(values) ? moreIds : [];
  const harness: readonly FieldId[] = values.chosen.ask === 'prompt' ? ['harness'] : [];
  const base: readonly FieldId[] = values.texts.repo.text.trim() === '' ? [] : ['base'];
  return [
    ...(['ask', 'command', ...harness, 'to', 'cwd', 'repo', ...base] as const),
    ...lateIds,
    ...own,
    'more',
    ...more,
  ];
}

/** Are the rarer fields shown? What one of them holds is never hidden. */
export function isMoreOpen({ texts, chosen }: FormValues): boolean {
  return chosen.more === 'open' || moreIds.some((id) => texts[id].text !== '');
}

/** Does this field offer a choice? */
export function isChoice(field: FieldId): field is ChoiceId {
  return Object.hasOwn(choices, field);
}

/** The values with another text in one field. */
export function withText(values: FormValues, id: TextId, field: TextField): FormValues {
  return field === values.texts[id]
    ? values
    : { ...values, texts: { ...values.texts, [id]: field } };
}

/** The values with the choice so many further on, round and round. */
export function stepChoice(values: FormValues, id: ChoiceId, step: 1 | -1): FormValues {
  const options: readonly string[] = choices[id];
  const index = options.indexOf(values.chosen[id]) + step + options.length;
  return withChoice(values, id, options[index % options.length] ?? '');
}

/** The values with this chosen, where it can be. */
export function withChoice(values: FormValues, id: ChoiceId, choice: string): FormValues {
  const options: readonly string[] = choices[id];
  if (!options.includes(choice)) return values;
  return { ...values, chosen: { ...values.chosen, [id]: choice } };
}
