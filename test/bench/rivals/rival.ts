/*
 * What every system in the comparison is to the bench: something that takes a job and says when its
 * outcome is known, with two processes of its own and a server if it has one.
 *
 * A rival is opened only where all its tools are here; what it cannot get is said, never skipped in
 * silence. Invariant: whatever `open` starts is ended by its disposal, by pid.
 */
import type { Tools } from './tools.ts';

/** One way to have a job done elsewhere. */
export interface Rival {
  /** As the report and `--rival` name it. */
  readonly id: string;
  readonly title: string;
  /** What it promises of a job that was taken: where the fsync is. */
  readonly promise: string;
  /** Debian packages whose programs it needs. */
  readonly programs: readonly ProgramName[];
  /** npm packages that its clients are made of. */
  readonly clients: readonly ClientName[];
  /** How many jobs may be in flight; more are not measured. */
  readonly inFlightMax: number;
  open(tools: Tools): Promise<OpenRival>;
}

/** Ready for jobs. */
export interface OpenRival extends AsyncDisposable {
  /** One job: queued, delivered, done, and its outcome known here. */
  perform(): Promise<unknown>;
  /** What this machine made different from what was meant. */
  readonly remark?: string;
}

/** Programs of servers and clients, by the name of the file. */
export type ProgramName = 'redis-server' | 'nats-server' | 'mosquitto' | 'sshd' | 'ssh';

/** Packages of the npm registry, installed for this bench only. */
export type ClientName = 'bullmq' | 'ioredis' | 'nats' | 'mqtt';

/** What a job carries: about as much as the one that is sent when `true` is dispatched. */
export const jobText = 'x'.repeat(200);
