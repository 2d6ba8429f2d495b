/*
 * `wally export`: all jobs, decisions and events that the hub holds, as JSON lines.
 *
 * The same lines that retention writes into the archive, in the order of their numbers, a page at a time,
 * so that neither side holds more than a page. What has aged out is in the archive's files already.
 * Errors: USAGE_ARGUMENT.
 */
import { z } from 'zod';
import { findWhen } from '../../protocol/duration.ts';
import { readEvents } from '../../store/journal.ts';
import { prefixRange } from '../../store/keys.ts';
import { readRow } from '../../store/row-codec.ts';
import { describeDecision, describeEvent } from '../hub/export-lines.ts';
import type { Hub } from '../hub/hub.ts';
import { decisionRowSchema } from '../manager/decision.ts';
import { jobRowSchema } from '../manager/job-row.ts';
import { whenArgument } from './arguments.ts';
import { presentDetail } from './present.ts';
import { defineVerb } from './verb.ts';

/** Rows of one page, and so lines of one item: under the 8 MiB that an item may have, with long commands. */
const pageRows = 32;

/** Events of one page; they are small. */
const pageEvents = 500;

/** Streams pages of lines. */
export const exportVerb = defineVerb({
  name: 'export',
  summary: 'all jobs, decisions and events as JSON lines',
  operands: [],
  flags: {
    since: { value: 'WHEN', help: 'only what is newer: 7d, or an instant in ISO 8601' },
    out: { value: 'FILE|-', help: 'into this file, whole or not at all; - is stdout' },
  },
  danger: 'looks',
  args: z.object({ since: whenArgument.optional(), out: z.string().min(1).optional() }),
  async run({ hub, item, onDrop }, { since }): Promise<null> {
    let isWanted = true;
    onDrop(() => {
      isWanted = false;
    });
    for await (const page of listPages(
      hub,
      since === undefined ? 0 : findWhen(since, hub.ports.clock),
    )) {
      isWanted = isWanted && (page.length === 0 || (await item(page)));
      if (!isWanted) return null;
    }
    return null;
  },
  show: () => '',
});

async function* listPages(hub: Hub, start: number): AsyncGenerator<readonly object[]> {
  for await (const rows of readPages(hub, 'j/')) {
    const jobs = rows.map((row) => readRow(jobRowSchema, row));
    const wanted = jobs.filter((job) => job.createdAt >= start);
    yield await Promise.all(
      wanted.map(async (job) => {
        // What has not ended is newer in memory.
        const now = (await hub.desk.find(job.id)) ?? job;
        return { type: 'job', ...(await presentDetail(hub, now)) };
      }),
    );
  }
  for await (const rows of readPages(hub, 'd/')) {
    const decisions = rows.map((row) => readRow(decisionRowSchema, row));
    yield decisions.filter(({ openedAt }) => openedAt >= start).map(describeDecision);
  }
  let afterSeq = 0;
  for (;;) {
    const events = await readEvents(hub.kv, { afterSeq, countMax: pageEvents });
    const last = events.at(-1);
    if (last === undefined) return;
    afterSeq = last.seq;
    yield events.filter(({ at }) => at >= start).map(describeEvent);
  }
}

async function* readPages({ kv }: Hub, prefix: 'j/' | 'd/') {
  let { gte, lt } = prefixRange(prefix);
  for (;;) {
    const rows = await kv.range({ gte, lt, countMax: pageRows, order: 'ascending' });
    const last = rows.at(-1);
    if (last === undefined) return;
    gte = `${last.key}\0`;
    yield rows;
  }
}
