/*
 * `odally leave`: the words around an agent's leaving, for a person, for `wally uninstall`, and for the hub's wire.
 *
 * Where the hub asks over the wire, the agent itself only looks and answers; a process of its own does the rest,
 * because the agent is what ends. Errors: LEAVE_*, USAGE_*, SERVICE_*, STORE_*.
 */
import type { Owed } from '../../protocol/box-frames.ts';
import { AppError, wrapError } from '../../protocol/errors.ts';
import { owedRowsMax } from '../../protocol/limits.ts';
import type { InstalledAgent } from '../agent-parts.ts';
import { startApart } from './behind.ts';
import { type LeaveParts, type LeaveResult, leave, listAllOwed, planLeave } from './leave.ts';
import { describeOwed, readDiscard, splitOwed } from './leave-plan.ts';
import { openServiceTools } from './service-probe.ts';
import { findServiceRecord } from './service-record.ts';

/** What a command line asked. */
export interface LeaveFlags {
  readonly json: boolean;
  readonly dryRun: boolean;
  readonly discard: readonly string[];
}

/** Runs it; resolves with the exit status. */
export async function runLeave(
  parts: LeaveParts,
  operands: readonly string[],
  flags: LeaveFlags,
): Promise<number> {
  if (operands.length > 0) {
    throw new AppError('USAGE_ARGUMENT', `leave: "${operands[0]}" is one argument too many.`);
  }
  const discard = readDiscard(flags.discard);
  const result = flags.dryRun ? await planLeave(parts, discard) : await leave(parts, discard);
  const { print } = parts.program;
  print(flags.json ? JSON.stringify(result) : describe(parts, result));
  return 0;
}

function describe({ home }: LeaveParts, { as, discarded, left, notes }: LeaveResult): string {
  const what = discarded.length === 0 ? [] : [`given up: ${describeOwed(discarded)}`];
  if (as === 'would') {
    const stays = left.length === 0 ? [] : [`would stay: ${left.join(', ')}`];
    return [`It would leave ${home.directory}.`, ...what, ...stays].join('\n');
  }
  return [`It left ${home.directory}.`, ...what, ...notes].join('\n');
}

/** How an agent answers its hub's wish that it leaves. */
export function openAskedToLeave(parts: LeaveParts): InstalledAgent['askedToLeave'] {
  return async ({ id, discard, isPlan }, { send }) => {
    const answer = (as: string, owed: readonly Owed[], error?: AppError) => {
      const why =
        error === undefined ? {} : { code: error.code, message: error.message.slice(0, 1000) };
      send({ t: 'leave', id, as, owed: owed.slice(0, owedRowsMax), ...why });
    };
    try {
      const owed = await listAllOwed(parts);
      const words = readDiscard(discard);
      const { kept } = splitOwed(owed, words);
      await planLeave(parts, words).catch((error: unknown) => {
        answer('refused', kept, wrapError(error, 'LEAVE_OWED'));
        throw error;
      });
      if (isPlan) return answer('would', owed);
      await begin(parts, words);
      answer('leaving', owed);
    } catch (thrown) {
      parts.noticed(`it does not leave: ${wrapError(thrown, 'LEAVE_OWED').message}`);
    }
  };
}

async function begin({ program, home }: LeaveParts, discard: readonly string[]): Promise<void> {
  const words = discard.length === 0 ? [] : ['--discard', discard.join(',')];
  await startApart(
    {
      command: [program.node, program.script, 'leave', '--json', ...words],
      env: { ...program.env, ODALLY_HOME: home.directory },
      logFile: home.agentLog,
    },
    { record: await findServiceRecord(home.directory), tools: openServiceTools(program) },
  );
}
