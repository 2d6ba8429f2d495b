/*
 * `odally --stdio`: passes bytes between this process and the agent on its home, and is nothing else.
 *
 * The hub runs it on the box by ssh. It holds no key and reads nothing of what it passes, so the agent outlives
 * it. On stdout there is the mark and then the link alone; what goes wrong is said on stderr.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { AppError, wrapError } from '../protocol/errors.ts';
import { stdioMark } from '../protocol/transports/stdio-guard.ts';
import { dialUnixBytes } from '../protocol/transports/unix.ts';
import { openBox } from '../store/doctor/box.ts';
import { assertHomeAnswers } from '../store/doctor/dead-home.ts';
import { type AgentHome, findAgentHome } from './home.ts';
import type { Program } from './ports.ts';

/** Stays until either side is gone; resolves with the exit status. Never rejects. */
export async function runBridge(program: Program): Promise<number> {
  const home = findAgentHome(program.env.ODALLY_HOME);
  try {
    // It would stay there for ever, and a hub comes again and again.
    await assertHomeAnswers(home.directory, { ...program.ports, box: openBox(program.env) });
    await passOn(program, await dial(home));
    return 0;
  } catch (thrown) {
    const { exit, code, message, hint } = wrapError(thrown, 'AGENT_UNREACHABLE');
    program.say(`odally: ${message} [${code}]\n${hint}`);
    return exit;
  }
}

function dial(home: AgentHome): Promise<Socket> {
  return dialUnixBytes(home.stdioSocket).catch((cause: unknown) => {
    throw new AppError('AGENT_UNREACHABLE', `No agent runs on ${home.directory}.`, { cause });
  });
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
