/*
 * The files of archives in memory, for the simulator and for tests.
 *
 * What was appended is there at once and survives everything but the end of the process.
 */
import { gunzipSync } from 'node:zlib';
import type { AuditPort } from './audit-keep.ts';

/** Files by name, as bytes. */
export class MemoryArchive implements AuditPort {
  readonly files = new Map<string, Uint8Array>();

  async findSize(file: string): Promise<number> {
    return this.files.get(file)?.length ?? 0;
  }

  async cut(file: string, bytes: number): Promise<void> {
    this.files.set(file, (this.files.get(file) ?? new Uint8Array()).slice(0, bytes));
  }

  async append(file: string, bytes: Uint8Array): Promise<void> {
    const before = this.files.get(file) ?? new Uint8Array();
    const after = new Uint8Array(before.length + bytes.length);
    after.set(before);
    after.set(bytes, before.length);
    this.files.set(file, after);
  }

  async list(): Promise<readonly string[]> {
    return [...this.files.keys()].toSorted();
  }

  async *readLines(file: string, bytesMax: number): AsyncGenerator<string> {
    const bytes = (this.files.get(file) ?? new Uint8Array()).subarray(0, bytesMax);
    for (const line of gunzipSync(bytes).toString().split('\n')) if (line !== '') yield line;
  }

  async remove(file: string): Promise<void> {
    this.files.delete(file);
  }
}
