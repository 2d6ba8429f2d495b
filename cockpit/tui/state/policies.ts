/*
 * What is to happen when a worker and the hub lose each other: the choices, as flags and in words. Pure.
 *
 * The words are made from the flags that will be sent, not from the choice, so that they can't say
 * another thing than the hub will do.
 */

import { parseDuration } from '../../../protocol/duration.ts';
import { lostAfterMsDefault } from '../../../protocol/limits.ts';
import { findReplaceAfterMs } from '../../manager/plan-loss.ts';
import { durationText } from '../views/phrases.ts';
import { choices, type FormValues, withChoice, withText } from './form-fields.ts';

/** One of the choices. */
export type Policy = FormValues['chosen']['policy'];

/** The flags of a disconnect policy, as `wally dispatch` takes them. */
export interface PolicyFlags {
  readonly 'stop-after'?: string;
  readonly 'lost-after'?: string;
  readonly replace?: true;
  readonly reconcile?: string;
}

/** Thirty seconds are many lost packets and few lost minutes of work; two minutes end any such lease. */
const ready: Readonly<Record<Exclude<Policy, 'own'>, PolicyFlags>> = {
  keep: {},
  stop: { 'stop-after': '30s', 'lost-after': '2m' },
  replace: { 'stop-after': '30s', replace: true },
};

const [reconcileDefault] = choices.reconcile;

/** The flags that these values stand for. */
export function policyFlags({ texts, chosen }: FormValues): PolicyFlags {
  if (chosen.policy !== 'own') return ready[chosen.policy];
  const stop = texts['stop-after'].text.trim();
  const lost = texts['lost-after'].text.trim();
  return {
    ...(stop === '' ? {} : { 'stop-after': stop }),
    ...(lost === '' ? {} : { 'lost-after': lost }),
    ...(chosen.replace === 'yes' ? { replace: true as const } : {}),
    ...(chosen.reconcile === reconcileDefault ? {} : { reconcile: chosen.reconcile }),
  };
}

/** The values with the choice that these flags are, or with numbers of their own. */
export function withPolicy(values: FormValues, flags: PolicyFlags): FormValues {
  const same = (['keep', 'stop', 'replace'] as const).find((id) => isSame(ready[id], flags));
  if (same !== undefined) return withChoice(values, 'policy', same);
  const texts = (['stop-after', 'lost-after'] as const).reduce(
    (next, id) => {
      const text = flags[id] ?? '';
      return withText(next, id, { text, caret: text.length });
    },
    withChoice(values, 'policy', 'own'),
  );
  const replaced = withChoice(texts, 'replace', flags.replace === true ? 'yes' : 'no');
  return withChoice(replaced, 'reconcile', flags.reconcile ?? reconcileDefault);
}

/** What each choice is called. */
export function policyTitle(policy: Policy): string {
  switch (policy) {
    case 'keep':
      return 'let it run, ask me';
    case 'stop':
      return 'stop it, ask me';
    case 'replace':
      return 'stop it, start it elsewhere';
    case 'own':
      return 'own numbers';
  }
}

/** What will happen, in one sentence about `who`. */
export function policyWords(flags: PolicyFlags, who: string): string {
  const stopMs = parseDuration(flags['stop-after'] ?? '');
  const lostMs = parseDuration(flags['lost-after'] ?? '') ?? lostAfterDefault(flags, stopMs);
  const runs =
    stopMs === undefined
      ? 'it runs on there'
      : `it is stopped after ${spanText(stopMs)} out of reach`;
  const then = flags.replace === true ? 'is started elsewhere by itself' : 'you are asked';
  return `If we lose ${who}: ${runs}; unheard of for ${spanText(lostMs)} it is lost, and ${then}.`;
}

/** Whole seconds without a fraction: they were typed so. */
function spanText(ms: number): string {
  return ms < 60_000 && ms % 1000 === 0 ? `${ms / 1000}s` : durationText(ms);
}

function lostAfterDefault(flags: PolicyFlags, stopMs: number | undefined): number {
  const isReplaced = flags.replace === true && stopMs !== undefined;
  return isReplaced ? findReplaceAfterMs(stopMs) : lostAfterMsDefault;
}

function isSame(a: PolicyFlags, b: PolicyFlags): boolean {
  const keys = ['stop-after', 'lost-after', 'replace', 'reconcile'] as const;
  return keys.every((key) => a[key] === b[key]);
}
