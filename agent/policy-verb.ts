/*
 * `odally policy`: what this box lets its hub do, and what it would say to a command.
 *
 * It reads the files of the home and needs no agent; the answer is made by the same functions that
 * decide when the hub asks. It changes nothing and runs nothing. Errors: USAGE_*, CONFIG_INVALID,
 * POLICY_BROKEN.
 */
import { realpath } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { describeFlagFault } from '../protocol/argument-faults.ts';
import { AppError } from '../protocol/errors.ts';
import { readAgentConfig } from './home.ts';
import { decide, type PolicyDecision } from './policy/decide.ts';
import type { Policies } from './policy/policies.ts';
import { type AgentProgramParts, openPolicies } from './program.ts';

/** Resolves with the exit status: 4 where the command would be refused. */
export async function runPolicyVerb(parts: AgentProgramParts): Promise<number> {
  const { program, home } = parts;
  const { values, operands } = readWords(program.argv);
  const policies = await openPolicies(parts, await readAgentConfig(home));
  const { state } = policies.rules;
  if (state.is === 'broken') throw state.error;
  const isJson = values.json === true;
  const [part, ...command] = operands;
  if (part === undefined) {
    const { is, lines } = policies.summary;
    const head = is === 'open' ? `There is no ${home.policy}.` : `${home.policy}:`;
    const rest = lines.length === 0 ? ['It forbids nothing.'] : lines.map((line) => `  ${line}`);
    const whole = { file: home.policy, is, lines };
    program.print(isJson ? JSON.stringify(whole) : [head, ...rest].join('\n'));
    return 0;
  }
  if (part !== 'check') throw new AppError('USAGE_ARGUMENT', `policy: "${part}" is no part of it.`);
  if (command.length === 0) {
    throw new AppError('USAGE_ARGUMENT', 'policy check: no command was given (put it after --).');
  }
  const decision = await check(policies, { command, ...values });
  program.print(isJson ? JSON.stringify(present(decision)) : describe(decision));
  return decision.is === 'allowed' ? 0 : 4;
}

function readWords(argv: readonly string[]) {
  const options = {
    json: { type: 'boolean' },
    cwd: { type: 'string' },
    env: { type: 'string', multiple: true },
    artifacts: { type: 'boolean' },
  } as const;
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true });
    return { values, operands: positionals.slice(1) };
  } catch (cause) {
    throw new AppError('USAGE_FLAG', `policy: ${describeFlagFault(cause)}.`, { cause });
  }
}

interface Asked {
  readonly command: readonly string[];
  readonly cwd?: string | undefined;
  readonly env?: readonly string[] | undefined;
  readonly artifacts?: boolean | undefined;
}

async function check(policies: Policies, asked: Asked): Promise<PolicyDecision> {
  const { command, cwd, env = [], artifacts = false } = asked;
  const names = env.map((pair) => pair.split('=')[0] ?? '');
  const request = { asks: 'command', command, names, wantsArtifacts: artifacts } as const;
  const decision = decide(policies.rules, request);
  if (decision.is === 'refused' || cwd === undefined) return decision;
  const path = await realpath(cwd).catch((cause: unknown) => {
    throw new AppError('JOB_DIRECTORY', `${cwd} is not there.`, { cause });
  });
  const resolve = (root: string) => realpath(root).catch(() => undefined);
  const error = await policies.findDirectoryRefusal(path, resolve);
  return error === undefined ? decision : { is: 'refused', error };
}

function present(decision: PolicyDecision): object {
  if (decision.is === 'allowed') return { decision: 'allowed', by: decision.by };
  const { code, message } = decision.error;
  return { decision: 'refused', code, message };
}

function describe(decision: PolicyDecision): string {
  if (decision.is === 'allowed') return `allowed: ${decision.by}`;
  return `refused: ${decision.error.message} [${decision.error.code}]`;
}
