/*
 * The program that holds one terminal of an agent: `odally-terminal`, started by the agent alone.
 *
 * A process of its own, so that an agent without terminals carries none of it, a full terminal blocks
 * nothing else, and no job inherits a terminal's descriptor. When the agent is gone, however it went,
 * the shell is ended. What both say to each other is in `work/host-talk`.
 */
import { Socket } from 'node:net';
import { exitProgram, onEndSignal, openSystemPorts } from '../protocol/ports.ts';
import {
  createOrderDecoder,
  encodeReport,
  type HostOrder,
  type HostReport,
  reportFd,
} from './work/host-talk.ts';
import { ShellHost } from './work/shell-host.ts';

const { stdin, stdout } = process;
const reports = new Socket({ fd: reportFd });
let host: ShellHost | undefined;

function report(what: HostReport): void {
  reports.write(encodeReport(what));
}

function end(): void {
  if (host === undefined) exitProgram(0);
  else host.end();
}

function open({ plan }: Extract<HostOrder, { is: 'plan' }>): void {
  try {
    const opened = new ShellHost(plan, openSystemPorts(), (bytes) =>
      stdout.write(bytes) ? 'more' : 'full',
    );
    host = opened;
    stdout.on('drain', () => opened.resume());
    report({ is: 'open' });
    void opened.done.then((exit) => {
      report({ is: 'ended', exit });
      exitProgram(0);
    });
  } catch (thrown) {
    report({ is: 'failed', reason: String(thrown) });
    exitProgram(1);
  }
}

async function perform(order: HostOrder): Promise<void> {
  if (order.is === 'plan') open(order);
  else if (order.is === 'data') await host?.write(order.bytes);
  else host?.resize(order.columns, order.rows);
}

onEndSignal(end);
// Seen also while input waits for the shell to read it.
reports.on('close', end).on('error', () => undefined);
reports.resume();
stdout.on('error', end);
stdin.on('error', () => undefined);

const decode = createOrderDecoder();
for await (const bytes of stdin) {
  for (const order of decode(bytes as Uint8Array)) await perform(order);
}
end();
