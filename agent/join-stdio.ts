/*
 * `odally join --stdio`: pairs over the bytes by which the hub runs it, where no UDP need get through.
 *
 * The first line that comes in is the code; what follows, both ways, is the link on which the invite's one-time
 * key opens the exchange. It pairs and ends: who serves is started by whoever installs. On stdout there is
 * nothing but the mark and the link, so words go to stderr. Errors: those of pairing, INVITE_MALFORMED.
 */
import type { Readable } from 'node:stream';
import { AppError } from '../protocol/errors.ts';
import { inviteCodeCharsMax } from '../protocol/invite.ts';
import { stdioMark } from '../protocol/transports/stdio-guard.ts';
import { type PairParts, pair } from './pair.ts';

/** Pairs; resolves with the exit status. */
export async function joinOverStdio(parts: Omit<PairParts, 'bytes'>): Promise<number> {
  const { program } = parts;
  const bytes = program.bytes();
  const code = await readCode(bytes.incoming);
  bytes.outgoing.write(stdioMark);
  const { name } = await pair({ ...parts, bytes }, code);
  program.say(`Paired as ${name}.`);
  return 0;
}

/** The first line; what came with it stays to be read. Errors: INVITE_MALFORMED when there is none. */
export async function readCode(incoming: Readable): Promise<string> {
  let read = Buffer.alloc(0);
  // Not `for await`, which would end the stream.
  while (!read.includes(0x0a)) {
    const piece = (incoming.read() as Uint8Array | null) ?? undefined;
    if (piece === undefined) {
      if (incoming.readableEnded || incoming.destroyed) throw new AppError('INVITE_MALFORMED');
      await readable(incoming);
    } else {
      read = Buffer.concat([read, piece]);
    }
    if (read.byteLength > inviteCodeCharsMax) throw new AppError('INVITE_MALFORMED');
  }
  const end = read.indexOf(0x0a);
  const rest = read.subarray(end + 1);
  if (rest.byteLength > 0) incoming.unshift(rest);
  return read.toString('utf8', 0, end);
}

/** Resolves when there is something to read, or nothing any more. */
function readable(incoming: Readable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of ['readable', 'end', 'close', 'error']) incoming.off(event, done);
      resolve();
    };
    for (const event of ['readable', 'end', 'close', 'error']) incoming.on(event, done);
  });
}
