/*
 * `wally audit`: who asked this hub for what, from where, and what came of it; and the proof that nobody changed it.
 *
 * Without a hub it looks into the home itself. The name of a cockpit comes from its key, a surface from the
 * asker's own word. Errors: USAGE_ARGUMENT, STORE_*.
 */
import { z } from 'zod';
import { findWhen } from '../../protocol/duration.ts';
import { AppError } from '../../protocol/errors.ts';
import { sleep } from '../../protocol/ports.ts';
import type { AuditEntry, AuditTail } from '../../store/audit.ts';
import { readHomeAudit } from '../../store/audit-home.ts';
import type { AuditRow, AuditWish } from '../../store/audit-list.ts';
import type { AuditProof } from '../../store/audit-read.ts';
import { showAuditProof, showAuditRow } from '../../store/audit-text.ts';
import { whenArgument } from './arguments.ts';
import { defineVerb, type VerbContext } from './verb.ts';

/** Entries that one answer holds. */
const auditRowsMax = 1000;

/** Between two looks of one who follows. */
const followPauseMs = 200;

/** Entries that may come between two looks; a busy hub has a few thousand. */
const followedRowsMax = 100_000;

/** `812:HASH`, as `--verify` says it. */
const tailArgument = z.string().transform((text, context): AuditTail => {
  const parts = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text.trim());
  if (parts !== null) return { n: Number(parts[1]), hash: parts[2] ?? '' };
  const message = `"${text}" is not an end of the trail (say N:HASH, as --verify prints it)`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const args = z
  .object({
    since: whenArgument.optional(),
    until: whenArgument.optional(),
    worker: z.string().optional(),
    verb: z.string().optional(),
    surface: z.string().optional(),
    limit: z.coerce.number().int().min(1).max(auditRowsMax).default(50),
    follow: z.boolean().default(false),
    verify: z.boolean().default(false),
    noted: tailArgument.optional(),
  })
  .refine(({ verify, noted }) => verify || noted === undefined, '--noted goes with --verify')
  .refine(({ verify, follow }) => !(verify && follow), '--verify and -f exclude each other');

type AuditArgs = z.infer<typeof args>;

type AuditAnswer = readonly AuditRow[] | AuditProof | null;

/** What was asked, or the proof that the trail is whole. */
export const auditVerb = defineVerb({
  name: 'audit',
  summary: 'who asked what, from where; --verify proves that nobody changed it',
  operands: [],
  flags: {
    since: { value: 'WHEN', help: 'from then on: 2h ago, or an instant in ISO 8601' },
    until: { value: 'WHEN', help: 'up to then' },
    worker: { value: 'NAME', help: 'only what is about this worker' },
    verb: { value: 'VERB', help: 'only this verb' },
    surface: { value: 'WORD', help: 'only from there: cli, screen, cockpit, a cockpit’s name' },
    limit: { value: 'COUNT', help: 'the last so many (50)' },
    follow: { short: 'f', help: 'go on with what comes' },
    verify: { help: 'walk the chain of hashes; exit 1 where it does not hold' },
    noted: { value: 'N:HASH', help: 'with --verify: an end that was noted before must be in it' },
  },
  danger: 'looks',
  args,
  async run(context, given): Promise<AuditAnswer> {
    const { audit, ports } = context.hub;
    if (given.verify) return audit.verify(given.noted);
    const wish = planWish(given, ports.clock);
    if (!given.follow) return audit.list(wish);
    if (given.until !== undefined) {
      throw new AppError('USAGE_ARGUMENT', 'audit: what is followed has no end.');
    }
    await follow(context, wish);
    return null;
  },
  async runWithoutHub({ home, ports }, given): Promise<AuditAnswer> {
    if (given.follow) throw new AppError('HUB_UNREACHABLE');
    const wish = given.verify ? { noted: given.noted } : planWish(given, ports.clock);
    return readHomeAudit(home, wish);
  },
  show(answer, style) {
    if (answer === null) return '';
    if ('isWhole' in answer) return showAuditProof(answer);
    return answer.map((row) => showAuditRow(row, (text) => style.dim(text))).join('\n');
  },
  exit: (answer) => (answer !== null && 'isWhole' in answer && !answer.isWhole ? 1 : 0),
});

function planWish(given: AuditArgs, clock: Parameters<typeof findWhen>[1]): AuditWish {
  const { since, until, limit } = given;
  return {
    since: since === undefined ? undefined : findWhen(since, clock),
    until: until === undefined ? undefined : findWhen(until, clock),
    countMax: limit,
    isWanted: (entry) => isWanted(entry, given),
  };
}

function isWanted(entry: AuditEntry, { worker, verb, surface }: AuditArgs): boolean {
  if (verb !== undefined && entry.verb !== verb) return false;
  if (worker !== undefined && !(entry.worker ?? '').split(',').includes(worker)) return false;
  return surface === undefined || [entry.surface, ...entry.who.split(' ')].includes(surface);
}

/**
 * Sends the window, then what comes, until nobody wants it any more. What nothing had come of is sent again once
 * it is over.
 */
async function follow({ hub, item, onDrop }: VerbContext, wish: AuditWish): Promise<void> {
  let wake: () => void = () => undefined;
  let isFollowed = true;
  let hasNews = true;
  const unfollow = hub.audit.follow(() => {
    hasNews = true;
    wake();
  });
  onDrop(() => {
    isFollowed = false;
    wake();
  });
  const open = new Set<number>();
  let sent = 0;
  const send = async (rows: readonly AuditRow[]) => {
    for (const row of rows) {
      sent = Math.max(sent, row.n);
      if (row.result !== null) open.delete(row.n);
      else if (open.has(row.n)) continue;
      else open.add(row.n);
      isFollowed = isFollowed && (await item(row));
    }
  };
  const isNews = ({ n }: AuditEntry) => n > sent || open.has(n);
  try {
    await send(await hub.audit.list(wish));
    const isWanted = (entry: AuditEntry) => isNews(entry) && wish.isWanted(entry);
    while (isFollowed) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (!hasNews) await woken;
      hasNews = false;
      await send(await hub.audit.list({ countMax: followedRowsMax, isWanted }));
      // What comes in a moment is read at once, so that a busy hub is not read all the time.
      await sleep(hub.ports.timers, followPauseMs);
    }
  } finally {
    unfollow();
  }
}
