/*
 * A policy in a few lines, for people: on the box, and on the hub as the box tells it.
 *
 * Only what restricts is said. Lists are cut; the file has them whole. Pure.
 */
import type { PolicyFrame } from '../../protocol/frames.ts';
import { policyLineLettersMax, policyLinesMax } from '../../protocol/limits.ts';
import type { Policy, PolicyState } from './policy.ts';

/** What `odally policy` shows and the hub is told. */
export type PolicySummary = Pick<PolicyFrame, 'is' | 'lines'>;

/** The lines of a state; `isolation` says what holds of it on this box. */
export function summarizePolicy(
  state: PolicyState,
  { isTerminalAllowed, isolation }: { isTerminalAllowed: boolean; isolation: readonly string[] },
): PolicySummary {
  const closed = isTerminalAllowed ? [] : ['terminals: none, by its config'];
  const lines =
    state.is === 'broken'
      ? [`no work is taken: ${state.error.message}`]
      : [...(state.is === 'ruled' ? describeRules(state.policy) : []), ...closed, ...isolation];
  return {
    is: state.is,
    lines: lines.slice(0, policyLinesMax).map((text) => text.slice(0, policyLineLettersMax)),
  };
}

function describeRules({ work, commands, directories, environment, artifacts }: Policy): string[] {
  return [
    list('kinds', 'only', work.kinds),
    value('at once', work.concurrency, 'jobs'),
    value('run time', work.run_seconds_max, 's'),
    list('commands', 'only', commands.allow),
    list('commands', 'not', some(commands.deny)),
    list('directories', 'below', directories.roots),
    list('variables', 'jobs may set', environment.set),
    list('variables', 'passed on:', some(environment.pass)),
    list('variables', 'secret:', some(environment.secret)),
    list('artifacts', 'not', some(artifacts.deny)),
    value('artifacts', artifacts.bytes_max, 'bytes each'),
  ].flat();
}

function some(entries: readonly string[]): readonly string[] | undefined {
  return entries.length === 0 ? undefined : entries;
}

function list(what: string, how: string, entries: readonly string[] | undefined): string[] {
  if (entries === undefined) return [];
  return [`${what}: ${how} ${entries.length === 0 ? 'none' : entries.join(', ')}`];
}

function value(what: string, amount: number | undefined, unit: string): string[] {
  return amount === undefined ? [] : [`${what}: at most ${amount} ${unit}`];
}
