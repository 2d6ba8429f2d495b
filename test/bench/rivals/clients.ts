/*
 * The few calls of the rivals' clients that this bench makes, as types.
 *
 * The packages are no dependencies of ours, so their own types are not here. Nothing is checked at
 * run time: a client of another version than the pinned one is never loaded.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ClientName } from './rival.ts';

/** BullMQ 6. */
export interface BullMq {
  readonly Queue: new (name: string, options: object) => BullQueue;
  readonly QueueEvents: new (name: string, options: object) => BullEvents;
  readonly Worker: new (
    name: string,
    work: (job: { readonly data: unknown }) => Promise<unknown>,
    options: object,
  ) => BullEnd;
}

/** What ends, and is ready at some time. */
export interface BullEnd {
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}

/** Where jobs are added. */
export interface BullQueue extends BullEnd {
  add(name: string, data: object, options: object): Promise<unknown>;
}

/** Where outcomes are heard of. */
export interface BullEvents extends BullEnd {
  on(event: 'completed' | 'failed', run: (event: { readonly jobId: string }) => void): void;
}

/** nats.js 2. */
export interface Nats {
  connect(options: object): Promise<NatsConnection>;
}

/** A connection to the server. */
export interface NatsConnection {
  jetstreamManager(): Promise<{
    readonly streams: { add(config: object): Promise<unknown> };
    readonly consumers: { add(stream: string, config: object): Promise<unknown> };
  }>;
  jetstream(): NatsStreams;
  close(): Promise<void>;
}

/** Publishing to streams, and taking from them. */
export interface NatsStreams {
  publish(subject: string, payload: Uint8Array, options: object): Promise<unknown>;
  readonly consumers: {
    get(stream: string, name: string): Promise<{ consume(options: object): Promise<NatsMessages> }>;
  };
}

/** The messages of a stream as they come; ends when it is stopped. */
export interface NatsMessages extends AsyncIterable<NatsMessage> {
  stop(): void;
}

/** One message of a stream. */
export interface NatsMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  ack(): void;
  /** Resolves when the server has the acknowledgement. */
  ackAck(): Promise<boolean>;
}

/** mqtt.js 5. */
export interface Mqtt {
  connectAsync(url: string, options: object): Promise<MqttClient>;
}

/** A session with the broker. */
export interface MqttClient {
  readonly stream: { setNoDelay(isOn: boolean): void };
  subscribeAsync(topic: string, options: object): Promise<unknown>;
  publishAsync(topic: string, payload: string | Buffer, options: object): Promise<unknown>;
  on(event: 'message', run: (topic: string, payload: Buffer) => void): void;
  /** Replaced by whoever wants to acknowledge after the work. */
  handleMessage: (
    packet: { readonly topic: string; readonly payload: Buffer },
    done: (error?: Error) => void,
  ) => void;
  endAsync(isForced: boolean): Promise<void>;
}

/** Loads a client from the directory of the clients. */
export function loadClient<Client>(directory: string, name: ClientName): Client {
  return createRequire(join(directory, 'package.json'))(name) as Client;
}
