/*
 * The guard of an agent's leases, as a program: `odally-guard NOTES GRACE_MS`, started by the agent.
 *
 * It is small on purpose: no store, no swarm, no schema library, because it may have to live on a box
 * whose agent was killed for want of memory. It reads tables of leases from its stdin and goes on
 * when that is closed, until the last lease has run out.
 */
import { endTree, isLeaderRunning } from './guard/end-tree.ts';
import { Guard } from './guard/guard.ts';
import { leaveNote } from './guard/guard-notes.ts';
import { LineCutter, readTable, writeLine } from './guard/guard-words.ts';
import { openGuardWorld } from './guard/ports.ts';

const { ports, argv, say, listen, exit } = openGuardWorld();
const [directory = '', graceMs = ''] = argv;
const guard = new Guard({
  ports,
  tell: (word) => say(writeLine(word)),
  async end(row) {
    const at = Math.round(ports.clock.wallMs());
    leaveNote(directory, { mark: row.mark, at, wasRunning: isLeaderRunning(row) });
    await endTree(row, { ports, graceMs: Number(graceMs) });
  },
  finished: exit,
});
const lines = new LineCutter();
listen(
  (text) => {
    for (const line of lines.push(text)) {
      const table = readTable(line);
      if (table !== undefined) guard.state(table);
    }
  },
  () => guard.agentGone(),
);
guard.start();
