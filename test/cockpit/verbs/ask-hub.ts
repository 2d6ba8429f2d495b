/*
 * Asks a hub in a test's hand for a verb, as its control socket would: parsed, run, streamed.
 */
import { findVerb } from '../../../cockpit/verbs/registry.ts';
import { parseVerbArgs, type VerbContext } from '../../../cockpit/verbs/verb.ts';
import { bareBox } from '../../store/doctor/fake-box.ts';
import type { HubInHand } from '../hub/hub-in-hand.ts';

/** What an asker has of a stream. */
export interface Asked {
  readonly answer: Promise<unknown>;
  readonly items: unknown[];
  /** The asker has lost interest. */
  leave(): void;
}

/** Begins a verb. */
export function beginVerb(
  { hub }: Pick<HubInHand, 'hub'>,
  name: string,
  args: Readonly<Record<string, unknown>> = {},
): Asked {
  const verb = findVerb(name);
  if (verb === undefined) throw new Error(`there is no verb ${name}`);
  const items: unknown[] = [];
  let leave: () => void = () => undefined;
  const context: VerbContext = {
    hub,
    home: '/nowhere',
    pid: 1,
    box: bareBox,
    stopHub: () => undefined,
    item: async (value) => {
      items.push(value);
      return true;
    },
    onDrop: (run) => {
      leave = run;
    },
    onGive: () => undefined,
    settled: () => undefined,
  };
  const parsed = parseVerbArgs(verb, args) as never;
  return { answer: verb.run(context, parsed), items, leave: () => leave() };
}

/** Runs a verb to its answer. */
export async function askVerb<T>(
  hand: Pick<HubInHand, 'hub'>,
  name: string,
  args: Readonly<Record<string, unknown>> = {},
): Promise<T> {
  return (await beginVerb(hand, name, args).answer) as T;
}
