/*
 * The artifact contract: files that attempts bring, each written once from its start to its end.
 *
 * A file grows as `partial`, is verified and then is `whole`, for ever the same; or it is `lost`, with
 * the reason. Named by its attempt and its place in the attempt's report, never by its path, which a
 * worker chose. The agent keeps its copy in this until the hub's is whole. One writer a file: the
 * caller sees to that. Two implementations, files and in-memory, pass test/conformance/artifact.ts.
 * Errors: ARTIFACT_OFFSET, ARTIFACT_UNKNOWN, STORE_IO.
 */
import type { AttemptId } from '../protocol/model.ts';

/** One file of one attempt. */
export interface ArtifactId {
  readonly attempt: AttemptId;
  readonly index: number;
}

/** How far a file has come here. */
export type ArtifactLook =
  | { readonly is: 'partial'; readonly bytes: number }
  | { readonly is: 'whole'; readonly bytes: number }
  | { readonly is: 'lost'; readonly code: string };

/** All artifacts of one home. */
export interface ArtifactStore {
  /** Nothing of it yet is a partial of no bytes. What a crash left of a partial may be any prefix. */
  look(id: ArtifactId): Promise<ArtifactLook>;
  /**
   * Adds to a partial, at its end only: else ARTIFACT_OFFSET. After a failure `look` says what is
   * there. Not durable until `sync`.
   */
  append(id: ArtifactId, from: number, bytes: Uint8Array): Promise<void>;
  /** What was appended survives the loss of power; gives where that ends. */
  sync(id: ArtifactId): Promise<number>;
  /**
   * Makes a partial whole, durably, if it is these bytes; else it is empty again and the answer is
   * `damaged`.
   */
  commit(id: ArtifactId, sha256: string): Promise<'whole' | 'damaged'>;
  /** It can't be had any more; what there is of a partial goes. */
  lose(id: ArtifactId, code: string): Promise<void>;
  /** Up to `bytesMax` bytes of a whole file from `from` on. Errors: ARTIFACT_UNKNOWN where it is not whole. */
  read(id: ArtifactId, from: number, bytesMax: number): Promise<Uint8Array>;
  /** Attempts of which anything is here. */
  list(): Promise<readonly AttemptId[]>;
  /** Removes all files of an attempt. */
  remove(attempt: AttemptId): Promise<void>;
  close(): Promise<void>;
}
