/*
 * Caps and times of the transports, with where each value came from.
 *
 * Only what concerns carrying bytes; what sessions and peers may do is in protocol/limits.ts.
 * Sizes are bytes, times milliseconds, as the names say.
 */

/**
 * A dialled link is looked at this often, and one that was silent in between is knocked after. The
 * longest pause between two signs of life is 1.1 s, so that a sound link is hardly ever knocked for.
 */
export const watchMs = 1200;

/** Longest time over which the peers of a hub spread when they all come at once. Source: issue's 30 s. */
export const spreadMsMax = 10_000;

/** A hub asks its peers to spread so wide for each of them: a handshake costs it a millisecond or two. */
export const spreadMsPerPeer = 3;

/** A question to a node is repeated no sooner: a busy box answers late, and repeats do not help it. */
export const repeatMsMin = 400;

/** Bytes that a link holds for its owner before `open`. Source: frameBytesBeforeHelloMax, same reason. */
export const earlyBytesMax = 64 * 1024;

/** Unsent bytes at which an in-memory link says `full`. Source: the pipe buffer of Linux. */
export const memoryBufferBytesMax = 64 * 1024;

/** Unsent bytes at which a link whose owner ignores `full` is closed: a frame window and some slack. */
export const sendBytesMax = 16 * 1024 * 1024;

/** A closing link may take this long to flush what was sent; a whole transport as long to close. */
export const lingerMsMax = 1000;

/** Of the time to close a transport, how long its links may flush before they are cut. */
export const flushMsMax = 400;

/** Links one unix socket may have open; a hub has a few screens, tools and staff. */
export const unixLinksMax = 256;

/** Longest socket path. Source: sun_path is 104 bytes with its NUL on macOS, 108 on Linux. */
export const socketPathBytesMax = 100;

/** Each end of a swarm link sends a sign of life this often. Source: transport facts, finding 4. */
export const keepAliveMs = 2000;

/** Silence after which a swarm link is dead: three lost signs of life. Source: finding 4. */
export const silenceMsMax = 7000;

/** How long a handshake is remembered; a client repeats the same one for 4 s. Source: dht-rpc retries. */
export const handshakeMemoryMs = 5000;

/** Known addresses and rendezvous of one dial; the rest are ignored. A box has fewer interfaces. */
export const dialAddressesMax = 16;

/** All addresses that one dial tries, looked up ones included. */
export const dialCandidatesMax = 32;

/** Head start of the known addresses before the rendezvous is asked. */
export const lookupAfterMs = 500;

/** One handshake may take this long before the next address gets its turn: two repeats and a slow net. */
export const handshakeMsMax = 3000;

/** Handshakes with one address in one dial, and the pause between them: a hub is up within both. */
export const handshakesMax = 3;
/** See `handshakesMax`. */
export const handshakePauseMs = 200;

/** Ports tried for the rendezvous; a free one may be snatched between looking and binding. */
export const bindAttemptsMax = 5;

/** How long the hub waits for its first announcement; later ones happen in the background. */
export const announceMsMax = 1000;

/** Room that a node's sockets ask of the system for packets that wait: a few from each of a thousand links. */
export const udpBufferBytes = 4 * 1024 * 1024;

/** Head start of known addresses before the hub is met over a DHT: a knock and a handshake. */
export const meetAfterMs = 3000;

/** Meeting over a DHT may take this long: a look-up, a relay, and a hole that is tried. */
export const meetMsMax = 12_000;

/** A hub says anew so often where it is met: a node of one's own that was started again has forgotten it. */
export const meetRefreshMs = 30_000;

/** Who uses a relay at once: two for each link; a thousand agents would rather have a relay each ten. */
export const relaySessionsMax = 512;

/** A message of the handshake over stdio is no larger: those of Noise IK have some 100 bytes. */
export const handshakeBytesMax = 512;

/** What a login may print before the link begins: some screens of text. */
export const preambleBytesMax = 64 * 1024;

/** From the first byte over stdio to the end of the handshake. Source: helloMsMax, same reason. */
export const stdioHandshakeMsMax = 5000;
