/*
 * A job's output as the hub has it, read as a screen would.
 */
import { join } from 'node:path';
import type { LogItem } from '../../../cockpit/verbs/shapes.ts';
import { ControlClient } from '../../../protocol/control-client.ts';
import { dialUnix } from '../../../protocol/transports/unix.ts';
import type { Stand } from './stand.ts';

/** All of it, in order. */
export async function readLog(stand: Stand, job: string): Promise<string> {
  const link = await dialUnix(join(stand.home('hub'), 'hub.sock'));
  const client = new ControlClient(link, 'HUB_UNREACHABLE');
  let text = '';
  try {
    await client.stream('logs', { job }, async (item) => {
      const piece = item as LogItem;
      if ('text' in piece) text += piece.text;
    }).done;
  } finally {
    client.close();
  }
  return text;
}
