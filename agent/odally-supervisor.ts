/*
 * The supervisor of an agent, as a program: `odally-supervisor HOME PID PROGRAM WORD…`, started by
 * `odally service start` on boxes with neither systemd nor launchd for their user.
 *
 * PID is an agent that runs already, or 0. It is small on purpose: no store, no swarm, no schema library,
 * because it lives as long as the box does.
 */
import { sleep } from '../protocol/ports.ts';
import { supervisorClaimMs } from './install/limits.ts';
import { holdProcess, openSupervisorWorld } from './install/ports.ts';
import { Supervisor } from './install/supervisor.ts';
import {
  dropSupervisorRecord,
  findSupervisor,
  isAlive,
  nameProcess,
  type SupervisorRecord,
  saveSupervisorRecord,
} from './install/supervisor-record.ts';

const { ports, self, argv, say, start, onStop, exit } = openSupervisorWorld();
const [home = '', pid = '0', ...command] = argv;

function save(record: SupervisorRecord): void {
  try {
    saveSupervisorRecord(home, record);
  } catch (error) {
    // A disk that takes no record must not leave an agent that died unstarted.
    say(`supervisor.json cannot be written now: ${String(error)}`);
  }
}

/** Who supervises it instead of us; the last who claims it has it. */
async function findOther(): Promise<SupervisorRecord | undefined> {
  const before = findSupervisor(home);
  // One that gave up is about to go.
  if (before !== undefined && before.gaveUp === undefined) return before;
  save({ supervisor: self, agent: undefined, quickCount: 0, gaveUp: undefined });
  await sleep(ports.timers, supervisorClaimMs);
  const last = findSupervisor(home);
  return last?.supervisor.pid === self.pid ? undefined : last;
}

const other = await findOther();
if (other !== undefined) {
  say(`the agent on ${home} is supervised already (by process ${other.supervisor.pid})`);
  exit(4);
} else {
  const running = nameProcess(Number(pid));
  const supervisor = new Supervisor({
    ports,
    self,
    start: (ended) => start(command, ended),
    adopted: isAlive(running) ? holdProcess(running) : undefined,
    isAlive,
    save,
    drop: () => dropSupervisorRecord(home),
    say,
    finished: exit,
  });
  onStop(() => supervisor.stop());
  supervisor.start();
}
