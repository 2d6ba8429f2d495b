/*
 * What an agent and the process that holds one of its terminals say to each other.
 *
 * On the host's stdin: frames whose first byte says what they are. On its stdout: the terminal's output
 * and nothing else. On a third stream: lines of JSON from the host; its end tells the host that the
 * agent has gone. Pure. Both ends are of the same build.
 */
import { createFrameDecoder, encodeFrame } from '../../protocol/framing.ts';
import type { PtyPlan } from './pty.ts';
import type { ShellExit } from './work.ts';

/** The host's stream of reports, beside stdin, stdout and stderr. */
export const reportFd = 3;

/** The variable by which the processes of the terminal are found again, and the shell to start. */
export type HostPlan = Omit<PtyPlan, 'timers'> & { readonly mark: string };

/** What the agent says. */
export type HostOrder =
  | { readonly is: 'plan'; readonly plan: HostPlan }
  | { readonly is: 'data'; readonly bytes: Uint8Array }
  | { readonly is: 'size'; readonly columns: number; readonly rows: number };

/** What the host reports: that the shell runs or cannot, then how it ended. */
export type HostReport =
  | { readonly is: 'open' }
  | { readonly is: 'failed'; readonly reason: string }
  | { readonly is: 'ended'; readonly exit: ShellExit };

const kinds = { plan: 1, data: 2, size: 3 } as const;

/** One order as bytes. */
export function encodeOrder(order: HostOrder): Uint8Array {
  const body = order.is === 'data' ? order.bytes : Buffer.from(JSON.stringify(order));
  return encodeFrame(Buffer.concat([Uint8Array.of(kinds[order.is]), body]));
}

/** Gives the orders that some bytes complete. */
export function createOrderDecoder(): (bytes: Uint8Array) => readonly HostOrder[] {
  const decoder = createFrameDecoder();
  return (bytes) => decoder.push(bytes).frames.map((frame) => readOrder(frame.slice()));
}

function readOrder(frame: Uint8Array): HostOrder {
  const body = frame.subarray(1);
  if (frame[0] === kinds.data) return { is: 'data', bytes: body };
  return JSON.parse(Buffer.from(body).toString()) as HostOrder;
}

/** One report as a line. */
export function encodeReport(report: HostReport): string {
  return `${JSON.stringify(report)}\n`;
}

/** Gives the reports that some text completes. */
export function createReportDecoder(): (text: string) => readonly HostReport[] {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    return lines.map((line) => JSON.parse(line) as HostReport);
  };
}
