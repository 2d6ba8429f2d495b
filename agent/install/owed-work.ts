/*
 * What this box still owes its hub, asked of the agent that runs, or read from its home where none does.
 *
 * Checkouts with work that is nowhere else count too; those that hold nothing are cleared away on the way.
 * Errors: AGENT_RUNNING, STORE_*.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Owed } from '../../protocol/box-frames.ts';
import { attemptIdSchema } from '../../protocol/messages.ts';
import type { AttemptId } from '../../protocol/model.ts';
import type { Timers } from '../../protocol/ports.ts';
import { openPeerStreams } from '../../store/peer-streams.ts';
import { askAgent } from '../agent-client.ts';
import { readHeld } from '../attempts.ts';
import { type AgentHome, findPairing } from '../home.ts';
import { readHubStore } from '../hub-store.ts';
import { listOwed } from '../owed.ts';
import { openStoreOrSay } from '../pair.ts';
import { clearTree } from '../work/base-tree.ts';
import { buildToolEnvironment, type Environment } from '../work/environment.ts';

/** Asks the agent; undefined where none runs. */
export async function askOwed(
  home: AgentHome,
  timers: Timers,
): Promise<readonly Owed[] | undefined> {
  const answer = await askAgent(home, 'owed', timers);
  return (answer as { readonly owed: readonly Owed[] } | undefined)?.owed;
}

/** Reads it from the home. */
export async function readOwed(home: AgentHome): Promise<readonly Owed[]> {
  const pairing = await findPairing(home);
  const names = await readdir(home.directory);
  if (pairing === undefined || !names.includes('store')) return [];
  const kv = await openStoreOrSay(home);
  try {
    const held = await readHeld(kv);
    const store = await readHubStore(kv);
    const streams =
      store === null ? undefined : await openPeerStreams(kv, { peer: pairing.hub, store });
    // Which files the hub has is not written down; that any are held says that it may lack some.
    const owesArtifacts = (attempt: AttemptId) =>
      (held.find((one) => one.attempt === attempt)?.artifacts?.kept.length ?? 0) > 0;
    return listOwed({ held, acked: streams?.counts.acked ?? 0, owesArtifacts });
  } finally {
    await kv.close();
  }
}

/** Checkouts of attempts that are over. */
export class KeptTrees {
  readonly #folder: string;
  readonly #env: Environment;

  constructor(home: AgentHome, env: Environment) {
    this.#folder = home.trees;
    this.#env = env;
  }

  /** Those that may hold something; `held` are the attempts that the agent may still be using. */
  async list(held: ReadonlySet<string>): Promise<readonly Owed[]> {
    const names = await readdir(this.#folder).catch(() => []);
    return names.flatMap((name) => {
      const attempt = findAttempt(name);
      return attempt === undefined || held.has(attempt) ? [] : { attempt, what: 'checkout' };
    });
  }

  /** Removes those of these attempts; what is kept, because it holds something, is what comes back. */
  async clear(attempts: ReadonlySet<string>, how: 'careful' | 'discard'): Promise<readonly Owed[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const left: Owed[] = [];
    const scene = { folder: this.#folder, env: buildToolEnvironment(this.#env) };
    for (const name of names) {
      const attempt = findAttempt(name);
      if (attempt === undefined || !attempts.has(attempt)) continue;
      const path = join(this.#folder, name);
      const kept = await clearTree(scene, path, how).catch(() => ({}));
      if (kept === undefined) continue;
      // Git may not know it any more; it may be lost all the same.
      if (how === 'discard') await rm(path, { recursive: true, force: true });
      else left.push({ attempt, what: 'checkout' });
    }
    return left;
  }
}

/** Whose checkout this is: an attempt may have several, told apart by what follows its id. */
function findAttempt(name: string): AttemptId | undefined {
  const parsed = attemptIdSchema.safeParse(/^J\d+\.\d+/.exec(name)?.[0]);
  return parsed.success ? parsed.data : undefined;
}
