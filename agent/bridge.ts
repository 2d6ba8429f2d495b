/*
 * `odally --stdio`: passes bytes between this process and the agent on its home, and is nothing else.
 *
 * The hub runs it on the box by ssh. It holds no key and reads nothing of what it passes, so the agent outlives
 * it. On stdout there is the mark and then the link alone; what goes wrong is said on stderr.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { AppError } from '../protocol/errors.ts';
import { stdioMark } from '../protocol/transports/stdio-guard.ts';
import { dialUnixBytes } from '../protocol/transports/unix.ts';
import { findAgentHome } from './home.ts';
import type { Program } from './ports.ts';

/** Stays until either side is gone; resolves with the exit status. Never rejects. */
export async function runBridge(program: Program): Promise<number> {
  const home = findAgentHome(program.env.ODALLY_HOME);
  const socket = await dialUnixBytes(home.stdioSocket).catch(() => undefined);
  if (socket === undefined) {
    const { exit, code, hint } = new AppError('AGENT_UNREACHABLE');
    program.say(`odally: No agent runs on ${home.directory}. [${code}]\n${hint}`);
    return exit;
  }
  await passOn(program, socket);
  return 0;
}

async function passOn({ bytes }: Program, socket: Socket): Promise<void> {
  const { incoming, outgoing } = bytes();
  socket.on('error', () => socket.destroy());
  // Whoever read our words is gone.
  outgoing.on('error', () => socket.destroy());
  outgoing.write(stdioMark);
  incoming.pipe(socket);
  socket.pipe(outgoing, { end: false });
  await once(socket, 'close');
}
