/*
 * Ids that a hub says, as names of files and folders of this box.
 *
 * A hub may be on another machine, and a name with `..` or `/` in it would lead out of the place that
 * files are meant for. Whatever does not look like an id is refused, never made to fit. Pure.
 * Errors: FRAME_INVALID.
 */
import { join } from 'node:path';
import { AppError } from '../../protocol/errors.ts';
import type { ArtifactRow } from '../verbs/shapes.ts';

const id = /^(?:[a-z0-9][a-z0-9_-]*:)?J[1-9]\d*(?:\.[1-9]\d*)?$/i;

/** The id of a job or an attempt, maybe with its hub's name before it. */
export function nameOfId(said: string): string {
  if (id.test(said)) return said;
  throw new AppError('FRAME_INVALID', 'The hub names a job by what is no id.');
}

/** The folder of one file that a job brought, below `saved`. */
export function nameOfFolder(saved: string, file: Pick<ArtifactRow, 'attempt' | 'index'>): string {
  if (file.index !== null && Number.isSafeInteger(file.index) && file.index >= 0) {
    return join(saved, nameOfId(file.attempt), String(file.index));
  }
  throw new AppError('FRAME_INVALID', 'The hub names a file by what is no number.');
}
