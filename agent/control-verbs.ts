/*
 * The agent's own socket: what programs of this user on this box may ask of the agent that runs.
 *
 * `hand-over` streams how far the box is from idle and holds new work back for as long as it is open.
 * Errors: USAGE_VERB, USAGE_ARGUMENT, those of what is asked.
 */
import { z } from 'zod';
import type { ControlCall } from '../protocol/control.ts';
import { AppError } from '../protocol/errors.ts';
import { attemptIdSchema } from '../protocol/messages.ts';
import type { Timers } from '../protocol/ports.ts';
import type { Agent } from './agent.ts';
import { answerAudit } from './audit-verb.ts';
import type { Diagnose } from './doctor/answer.ts';
import { parseWish } from './doctor/wish.ts';
import { stopSoonMs } from './limits.ts';

/** What the socket is served with. */
export interface ControlParts {
  readonly agent: Agent;
  /** Who answers: pid, version, home, key. */
  readonly who: Readonly<Record<string, unknown>>;
  readonly diagnose: Diagnose;
  readonly timers: Timers;
  /** Makes a backup as it is asked for, while somebody waits for it. */
  readonly backUp: (args: unknown, isWanted: () => boolean) => Promise<unknown>;
  /** Stops everything; what waits is ended with the rest, or kept. */
  readonly stop: (waiting: 'end-waiting' | 'keep-waiting') => Promise<void>;
}

const holdSchema = z.object({ why: z.enum(['upgrade', 'leave']) });
const attemptsSchema = z.object({ attempts: z.array(attemptIdSchema) });
const stopSchema = z.object({ keep: z.boolean().default(false) });
const byeSchema = z.object({ reason: z.string() });

/** Answers one call. */
export async function answerControl(parts: ControlParts, call: ControlCall): Promise<unknown> {
  const { agent, who, diagnose, timers, stop } = parts;
  const { verb, args, surface } = call;
  const note = (asked: string) =>
    agent.audit.note({ who: 'owner', surface, verb: asked, result: 'done' });
  switch (verb) {
    case 'status':
      return { ...who, ...agent.status };
    case 'audit':
      return answerAudit(agent.audit, args);
    case 'doctor': {
      const wish = parseWish(args);
      if (wish.mode === 'fix') note('doctor --fix');
      return diagnose(wish);
    }
    case 'backup': {
      note('backup');
      let isWanted = true;
      call.onDrop(() => {
        isWanted = false;
      });
      return parts.backUp(args, () => isWanted);
    }
    case 'owed':
      return { owed: agent.parting.owed };
    case 'give-up':
      note('leave --discard');
      await agent.parting.giveUp(read(attemptsSchema, args).attempts);
      return who;
    case 'bye':
      note('leave');
      return { isTold: await agent.parting.bye(read(byeSchema, args).reason) };
    case 'hand-over':
      note('hand-over');
      return holdWhileOpen(agent, call);
    case 'stop': {
      const { keep } = read(stopSchema, args ?? {});
      note('stop');
      timers.after(stopSoonMs, () => void stop(keep ? 'keep-waiting' : 'end-waiting'));
      return who;
    }
    default:
      throw new AppError('USAGE_VERB');
  }
}

/** Never resolves by itself: the hold ends with the asker's interest. */
function holdWhileOpen(agent: Agent, call: ControlCall): Promise<null> {
  const { why } = read(holdSchema, call.args);
  return new Promise((resolve) => {
    const release = agent.parting.drain.hold(why, (state) => void call.item(state));
    call.onDrop(() => {
      release();
      resolve(null);
    });
  });
}

function read<T>(schema: z.ZodType<T>, args: unknown): T {
  const parsed = schema.safeParse(args);
  if (parsed.success) return parsed.data;
  throw new AppError('USAGE_ARGUMENT', parsed.error.issues[0]?.message);
}
