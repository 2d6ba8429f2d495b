/*
 * `odally doctor`: what is wrong with this home and its agent, and the mending of it.
 *
 * The agent that runs is asked over its socket; where none answers, the home is looked at from outside,
 * so it works when the wire is broken and the agent too. Exit status 1 when something is left.
 * Errors: USAGE_FLAG, USAGE_ARGUMENT, STORE_*.
 */
import { parseArgs } from 'node:util';
import { describeFlagFault } from '../../protocol/argument-faults.ts';
import { isAlive } from '../../protocol/ask-alive.ts';
import type { ControlClient } from '../../protocol/control-client.ts';
import {
  type DoctorReport,
  type DoctorWish,
  expectKnown,
  parseArea,
  parseFindingName,
  planFixes,
} from '../../protocol/doctor.ts';
import { listChecks } from '../../protocol/doctor-sections.ts';
import { describeChecks, describeReport } from '../../protocol/doctor-text.ts';
import { AppError } from '../../protocol/errors.ts';
import { findDeadHome, type Looker } from '../../store/doctor/dead-home.ts';
import { agentSections } from './agent-sections.ts';
import { parseWish, type WishArgs } from './wish.ts';

/** What the command needs of its program. */
export interface DoctorCommandParts extends Looker {
  /** Of what it speaks. */
  readonly home: string;
  readonly print: (text: string) => void;
  /** Reaches the agent that runs; rejects where none does. */
  readonly dial: () => Promise<ControlClient>;
  /** Diagnoses the home from outside: where no agent is, or one that owns it and says nothing. */
  readonly diagnose: (wish: DoctorWish, agent: 'gone' | 'silent') => Promise<DoctorReport>;
}

/** Runs it; `words` is what came with the verb. */
export async function runDoctorCommand(
  parts: DoctorCommandParts,
  words: readonly string[],
): Promise<number> {
  const { isJson, isList, isDry, args } = readWords(words);
  const { home, print } = parts;
  if (isList) {
    const rows = listChecks(agentSections).filter(
      ({ area }) => args.area === undefined || area === args.area,
    );
    print(isJson ? JSON.stringify(rows) : describeChecks(rows));
    return 0;
  }
  expectKnown(args.only, listChecks(agentSections));
  const report = await askOrLook(parts, isDry ? { ...args, fix: false } : args);
  const wish = parseWish({ ...args, fix: true });
  const answer = {
    ...report,
    ...(isDry ? { planned: planFixes(report.findings, wish) } : {}),
  };
  const looked = args.area === undefined ? {} : { area: parseArea(args.area) };
  print(isJson ? JSON.stringify(answer) : describeReport({ ...answer, ...looked }, home));
  return report.findings.length === 0 ? 0 : 1;
}

async function askOrLook(parts: DoctorCommandParts, args: WishArgs): Promise<DoctorReport> {
  // Whoever asks what is wrong with a home on a dead disk must not be caught by it.
  const dead = await findDeadHome(parts.home, parts);
  if (dead.length > 0) return { findings: dead, fixed: [] };
  const client = await parts.dial().catch(() => undefined);
  if (client === undefined) return parts.diagnose(parseWish(args), 'gone');
  try {
    // Whoever asks what is wrong with an agent that hangs must not hang with it.
    if (!(await isAlive(client, parts.timers)))
      return await parts.diagnose(parseWish(args), 'silent');
    return (await client.call('doctor', args)) as DoctorReport;
  } finally {
    client.close();
  }
}

function readWords(words: readonly string[]) {
  const { values, positionals } = parseWords(words);
  const [extra] = positionals;
  if (extra !== undefined) {
    throw new AppError('USAGE_ARGUMENT', `doctor: "${extra}" is one argument too many.`);
  }
  const { only, area, safe = false, fix = false } = values;
  const args: WishArgs = {
    ...{ fix, safe },
    ...(only === undefined ? {} : { only: parseFindingName(only) }),
    ...(area === undefined ? {} : { area: parseArea(area) }),
  };
  const isDry = values['dry-run'] === true;
  if (!fix && !isDry && (only !== undefined || safe)) {
    const flag = safe ? 'safe' : 'only';
    throw new AppError('USAGE_ARGUMENT', `doctor: ${flag}: it is for --fix or --dry-run.`);
  }
  return { isJson: values.json === true, isList: values.list === true, isDry, args };
}

function parseWords(words: readonly string[]) {
  const flag = { type: 'boolean' } as const;
  const options = {
    ...{ json: flag, fix: flag, safe: flag, list: flag, 'dry-run': flag },
    only: { type: 'string' },
    area: { type: 'string' },
  } as const;
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (cause) {
    throw new AppError('USAGE_FLAG', `doctor: ${describeFlagFault(cause)}.`, { cause });
  }
}
