/*
 * The policy as the agent asks it: by one object, made from the file, the config and this box.
 *
 * It decides nothing itself (`decide` does); it gives every question the file as it is now. No life cycle.
 */
import { AppError } from '../../protocol/errors.ts';
import type { CommandSpec } from '../../protocol/model.ts';
import type { Secret } from '../../store/redaction/secret-forms.ts';
import type { Environment } from '../work/environment.ts';
import type { ResolvePath, WorkRules } from '../work/work.ts';
import { matchesName } from './command-rules.ts';
import { type BoxRules, findRefusal, type PolicyRequest } from './decide.ts';
import { type PolicySummary, summarizePolicy } from './describe.ts';
import {
  describeIsolation,
  type Isolation,
  type IsolationBox,
  planIsolation,
} from './isolation.ts';
import { findPolicy, openPolicy, type Policy } from './policy.ts';
import type { PolicySource } from './policy-file.ts';

/** What it is made from. */
export interface PoliciesParts {
  readonly source: PolicySource;
  /** What the config says of terminals. */
  readonly isTerminalAllowed: boolean;
  /** The agent's own environment. */
  readonly env: Environment;
  /** What the box isolates work with. */
  readonly box: IsolationBox;
}

/** Asked by whatever is about to do something for the hub. */
export class Policies implements WorkRules {
  readonly #parts: PoliciesParts;

  constructor(parts: PoliciesParts) {
    this.#parts = parts;
  }

  /** What holds now. */
  get rules(): BoxRules {
    const { source, isTerminalAllowed } = this.#parts;
    return { state: source.look(), isTerminalAllowed };
  }

  /** The rules that could be read; undefined while the file is broken. */
  get policy(): Policy | undefined {
    return findPolicy(this.#parts.source.look());
  }

  /** What holds, in words. */
  get summary(): PolicySummary {
    const { isTerminalAllowed } = this.#parts;
    const isolation = describeIsolation(this.isolation);
    return summarizePolicy(this.rules.state, { isTerminalAllowed, isolation });
  }

  /** How work is kept apart now, or why it can't be. */
  get isolation(): Isolation | AppError {
    return planIsolation(this.policy ?? openPolicy, this.#parts.box);
  }

  /** Patterns of names of the agent's environment that work gets besides the usual. */
  get passed(): readonly string[] {
    return this.policy?.environment.pass ?? [];
  }

  /** Why this may not be done, if it may not. */
  findRefusal(request: PolicyRequest): AppError | undefined {
    return findRefusal(this.rules, request);
  }

  /** Why this command may not run here, as far as its spec shows. */
  findSpecRefusal({ command, prompt, env, artifacts }: CommandSpec): AppError | undefined {
    // One look for both questions: every job that comes asks them.
    const { rules } = this;
    // Without a policy nothing is forbidden, and nothing asked for that the box could lack.
    if (rules.state.is === 'open') return undefined;
    const wantsArtifacts = artifacts !== undefined && artifacts.length > 0;
    const names = Object.keys(env);
    const refusal =
      prompt === undefined
        ? findRefusal(rules, { asks: 'command', command, names, wantsArtifacts })
        : // Two words, so that it is never read as text for a shell.
          findRefusal(rules, {
            ...{ asks: 'prompt', command: [prompt.harness, '{prompt}'], names, wantsArtifacts },
          });
    if (refusal !== undefined) return refusal;
    const isolation = planIsolation(findPolicy(rules.state) ?? openPolicy, this.#parts.box);
    return isolation instanceof AppError ? isolation : undefined;
  }

  /**
   * Why nothing may run in this directory, whose links are resolved. Roots are looked at one by one until one is above
   * it, those first that are so by name: one that never answers is seldom waited for.
   */
  async findDirectoryRefusal(path: string, resolve: ResolvePath): Promise<AppError | undefined> {
    const named = this.#parts.source.listRoots();
    if (named === undefined) return undefined;
    const isAbove = (root: string) => path === root || path.startsWith(`${root}/`);
    const judge = (roots: readonly string[]) =>
      this.findRefusal({ asks: 'directory', path, roots });
    for (const root of [...named.filter(isAbove), ...named.filter((root) => !isAbove(root))]) {
      // One that is not there has nothing below it.
      const real = await resolve(root);
      if (real !== undefined && judge([real]) === undefined) return undefined;
    }
    return judge([]);
  }

  /** Why this file, named below the job's directory, may not leave. */
  findFileRefusal(path: string, bytes: number): AppError | undefined {
    return this.findRefusal({ asks: 'artifact', path, bytes });
  }

  /**
   * The values that must stand in nothing that leaves: of the variables that the spec or the policy calls
   * secret, as the job has them and as the agent has them.
   */
  listSecrets({ env, secrets = [] }: Pick<CommandSpec, 'env' | 'secrets'>): readonly Secret[] {
    const named = this.policy?.environment.secret ?? [];
    if (named.length === 0 && secrets.length === 0) return [];
    const isSecret = (name: string) => named.some((pattern) => matchesName(pattern, name));
    const own = Object.entries(env).filter(([name]) => secrets.includes(name) || isSecret(name));
    const ours = Object.entries(this.#parts.env).filter(([name]) => isSecret(name));
    return [...own, ...ours].map(([name, value = '']) => ({ name, value }));
  }

  /** Milliseconds that work which starts now may run; undefined for as long as it takes. */
  get runMsMax(): number | undefined {
    const seconds = this.policy?.work.run_seconds_max;
    return seconds === undefined ? undefined : seconds * 1000;
  }

  /** Jobs that run at once, of those that the config lets. */
  limitSlots(slots: number): number {
    return Math.min(slots, this.policy?.work.concurrency ?? slots);
  }
}
