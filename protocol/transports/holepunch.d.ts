/*
 * Types of the part of hyperswarm 4.17, hyperdht 6.34 and secret-stream 6.9 that the transports use.
 *
 * The packages bring none. Each line was read off the source in node_modules; nothing is here that
 * is not used, so that an upgrade has few places to check. `_filterNode` and `io` are internal to
 * dht-rpc and have tests that fail when they lose their meaning.
 */
declare module 'hyperdht' {
  import type { Duplex } from 'node:stream';

  interface HostPort {
    host: string;
    port: number;
  }

  interface RawKeyPair {
    publicKey: Uint8Array;
    secretKey: Uint8Array;
  }

  /** A Noise stream of @hyperswarm/secret-stream: one write is one `data` at the other end. */
  interface EncryptedStream extends Duplex {
    readonly remotePublicKey: Uint8Array;
    readonly rawStream: RawStream | null;
    /** Is the handshake over? */
    readonly connected: boolean;
    readonly destroying: boolean;
    setTimeout(ms: number): void;
    /** A buffer for the next write, with room around it, so that it is encrypted where it lies. */
    alloc(bytes: number): Uint8Array;
  }

  /** Cancels the requests that were made with it. */
  interface Session {
    destroy(): void;
  }

  interface Request {
    readonly from: HostPort;
    readonly command: number;
    readonly target: Uint8Array | null;
    readonly token: Uint8Array | null;
    reply(value: Uint8Array, options: { token: boolean; closerNodes: boolean }): void;
  }

  /** `error` is 0 where the command was known. */
  interface Reply {
    readonly error: number;
    readonly value: Uint8Array | null;
  }

  interface LookupReply {
    readonly from: HostPort;
    readonly peers: { publicKey: Uint8Array; relayAddresses: HostPort[] }[];
  }

  /** The UDX stream below; null until it exists. */
  interface RawStream {
    readonly remoteHost: string | null;
    readonly remotePort: number;
    /** All bytes that have come, in order or not. */
    readonly bytesReceived: number;
  }

  interface Server {
    /** Nodes through which it is found now. */
    readonly relayAddresses: readonly HostPort[];
    listen(keyPair: RawKeyPair): Promise<unknown>;
    /** Announces again, soon. */
    refresh(): void;
    firewall: (publicKey: Uint8Array, payload: unknown, from: HostPort) => boolean;
    listeners(event: 'connection'): ((stream: EncryptedStream) => void)[];
    removeAllListeners(event: 'connection'): this;
    on(event: 'connection', run: (stream: EncryptedStream) => void): this;
  }

  /** A UDP socket of udx-native. */
  interface UdpSocket {
    getRecvBufferSize(): number;
    /** Throws where the system refuses so much; Linux gives what it allows. */
    setRecvBufferSize(bytes: number): void;
  }

  interface NodeOptions {
    /** None where empty, the public ones where absent. */
    bootstrap?: HostPort[];
    host?: string;
    /** A port, or a range of which the end is excluded; then any. */
    port?: number | readonly [number, number];
    anyPort?: boolean;
    firewalled?: boolean;
    ephemeral?: boolean;
    connectionKeepAlive?: number;
    /** Without it a request is repeated after a second, with it after what answers take. */
    adaptiveTimeout?: { min: number };
  }

  // biome-ignore lint/style/noDefaultExport: this is how the package exports.
  export default class DHT {
    constructor(options: NodeOptions);
    static bootstrapper(port: number, host: string, options?: Partial<NodeOptions>): DHT;
    static keyPair(seed?: Uint8Array): RawKeyPair;
    static hash(data: Uint8Array): Uint8Array;
    readonly destroyed: boolean;
    /** Is it seen under another port by each node that it asks? */
    readonly randomized: boolean;
    /** Is it, as far as is known, not to be reached from outside unasked? */
    readonly firewalled: boolean;
    /** Where it says that anybody can reach it; null while it does not believe that. */
    remoteAddress: () => HostPort | null;
    /** An open node listens with the one and a firewalled one dials with the other. */
    readonly io: { readonly serverSocket: UdpSocket; readonly clientSocket: UdpSocket };
    onrequest: (request: Request) => boolean;
    _filterNode: (node: HostPort) => boolean;
    fullyBootstrapped(): Promise<void>;
    address(): HostPort;
    toArray(): HostPort[];
    session(): Session;
    ping(to: HostPort, options?: { session?: Session }): Promise<unknown>;
    request(
      question: { command: number; target: Uint8Array },
      to: HostPort,
      options: { session: Session },
    ): Promise<Reply>;
    lookup(
      target: Uint8Array,
      options?: { nodes?: HostPort[]; session?: Session },
    ): AsyncIterable<LookupReply>;
    connect(
      publicKey: Uint8Array,
      options?: {
        keyPair?: RawKeyPair;
        relayAddresses?: HostPort[];
        localConnection?: boolean;
        /** The key of a blind relay. */
        relayThrough?: Uint8Array;
      },
    ): EncryptedStream;
    bind(): Promise<void>;
    createRawStream(options: object): RawStream;
    createServer(options: { shareLocalAddress: boolean; holepunch: boolean }): Server;
    destroy(options?: { force: boolean }): Promise<void>;
  }

  export type {
    EncryptedStream,
    HostPort,
    LookupReply,
    RawKeyPair,
    Reply,
    Request,
    Server,
    Session,
    UdpSocket,
  };
}

declare module 'hyperswarm' {
  import type DHT from 'hyperdht';
  import type { EncryptedStream, RawKeyPair, Server } from 'hyperdht';

  interface Discovery {
    flushed(): Promise<boolean>;
  }

  // biome-ignore lint/style/noDefaultExport: this is how the package exports.
  export default class Hyperswarm {
    constructor(options: { dht: DHT; keyPair?: RawKeyPair; handshakeClearWait?: number });
    readonly dht: DHT;
    readonly server: Server;
    /** Hex keys of the peers it keeps state for. */
    readonly peers: ReadonlyMap<string, unknown>;
    on(event: 'connection', run: (stream: EncryptedStream) => void): this;
    /** Lets itself be found by its key. */
    listen(): Promise<unknown>;
    join(topic: Uint8Array, options: { server: boolean; client: boolean }): Discovery;
    destroy(options?: { force: boolean }): Promise<void>;
  }
}

declare module '@hyperswarm/secret-stream' {
  import type { Duplex } from 'node:stream';
  import type { EncryptedStream, RawKeyPair } from 'hyperdht';

  /** `remotePublicKey`: the one key that an initiator accepts. */
  interface NoiseOptions {
    pattern: 'IK';
    keyPair: RawKeyPair;
    keepAlive: number;
    remotePublicKey?: Uint8Array;
  }

  const SecretStream: new (
    isInitiator: boolean,
    rawStream: Duplex,
    options: NoiseOptions,
  ) => EncryptedStream;
  // biome-ignore lint/style/noDefaultExport: this is how the package exports.
  export default SecretStream;
}

declare module 'blind-relay' {
  import type { EventEmitter } from 'node:events';
  import type { EncryptedStream, RawStream } from 'hyperdht';

  class Server {
    constructor(options: { createStream(options: object): RawStream });
    accept(stream: EncryptedStream, options: { id: Uint8Array }): EventEmitter;
  }

  const relay: { Server: typeof Server };
  // biome-ignore lint/style/noDefaultExport: this is how the package exports.
  export default relay;
}
