/*
 * `wally get`: what a job's attempt brought: the list, or one file as a stream of its bytes.
 *
 * Only what is whole and verified is given. Where the bytes go on the asker's side is the asker's
 * affair, and so is checking them once more against the hash in the answer.
 * Errors: JOB_UNKNOWN, JOB_GROUP, ARTIFACT_UNKNOWN, ARTIFACT_INCOMPLETE, and why it is not here.
 */
import { z } from 'zod';
import { AppError, isErrorCode } from '../../protocol/errors.ts';
import { artifactChunkBytesMax } from '../../protocol/limits.ts';
import type { AttemptId } from '../../protocol/model.ts';
import {
  type AttemptRecord,
  type CommandJob,
  findAttempt,
  formatAttemptId,
  getCurrentAttempt,
} from '../manager/job.ts';
import { jobArgument } from './arguments.ts';
import { presentArtifacts } from './present-artifacts.ts';
import type { ArtifactList, ArtifactRow } from './shapes.ts';
import { showArtifacts } from './text.ts';
import { defineVerb, type VerbContext } from './verb.ts';

/** A list, or the row of the file that was streamed. */
export const getVerb = defineVerb({
  name: 'get',
  summary: 'fetch a file that a job brought; without PATH, list them',
  operands: ['job', 'path?'],
  flags: {
    attempt: { value: 'N', help: 'of this attempt, not the one that counts' },
    out: { value: 'FILE|DIR|-', help: 'put it there, not into this directory; - is stdout' },
    force: { help: 'overwrite a file that is there' },
  },
  danger: 'looks',
  args: z.object({
    job: jobArgument,
    path: z.string().min(1).optional(),
    attempt: z.coerce.number().int().min(1).optional(),
    out: z.string().min(1).optional(),
    force: z.boolean().default(false),
  }),
  async run(context, { job: id, path, attempt: n }): Promise<ArtifactList | ArtifactRow> {
    const { hub } = context;
    const job = await hub.desk.get(id);
    if (job.kind === 'group') {
      throw new AppError('JOB_GROUP', `${id} is a group; ask for a part’s files.`);
    }
    const attempt = pickAttempt(job, n);
    const rows = await presentArtifacts(hub, job, [attempt]);
    const name = formatAttemptId(id, attempt.n);
    if (path === undefined) return { attempt: name, artifacts: rows };
    const row = requireHere(rows, path, describePlace(name, attempt));
    await sendFile(context, row);
    return row;
  },
  show: (answer, style) => ('artifacts' in answer ? showArtifacts(answer.artifacts, style) : ''),
});

function pickAttempt(job: CommandJob, n: number | undefined): AttemptRecord {
  if (n === undefined) return getCurrentAttempt(job);
  const attempt = findAttempt(job, n);
  if (attempt === undefined) throw new AppError('JOB_UNKNOWN', `${job.id} has no attempt ${n}.`);
  return attempt;
}

function describePlace(name: AttemptId, { state }: AttemptRecord): string {
  return state.is === 'finished' ? name : `${name}, which has not ended`;
}

function requireHere(rows: readonly ArtifactRow[], path: string, place: string): ArtifactRow {
  const row = rows.find((known) => known.path === path);
  if (row === undefined) {
    throw new AppError('ARTIFACT_UNKNOWN', `There is no artifact "${path}" of ${place}.`);
  }
  if (row.state === 'here') return row;
  if (row.state === 'coming') {
    const detail = `${row.receivedBytes} of ${row.bytes} bytes of "${path}" have come.`;
    throw new AppError('ARTIFACT_INCOMPLETE', detail);
  }
  const code = row.code !== null && isErrorCode(row.code) ? row.code : 'ARTIFACT_GONE';
  const { message } = new AppError(code);
  throw new AppError(code, `"${path}" was not brought: ${message}`);
}

async function sendFile({ hub, item }: VerbContext, row: ArtifactRow): Promise<void> {
  const { attempt, index, bytes } = row;
  if (index === null || bytes === null) return;
  for (let at = 0; at < bytes; ) {
    const piece = await hub.artifacts.read({ attempt, index }, at, artifactChunkBytesMax);
    if (piece.length === 0) throw new AppError('ARTIFACT_DAMAGED', 'The hub’s copy is too short.');
    if (!(await item({ offset: at, base64: Buffer.from(piece).toString('base64') }))) return;
    at += piece.length;
  }
}
