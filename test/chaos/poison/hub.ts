/*
 * The product's own hub as a process, with a handler that fails at planted messages.
 *
 * The fault sits where an attempt's success is noted in the journal: deep in the handling of a fact,
 * after memory was changed. Its home is $WALLY_HOME, the plan $WALLY_POISON.
 */
import { findHubHome } from '../../../cockpit/home.ts';
import { Change, type EventNote } from '../../../cockpit/hub/change.ts';
import { startHub } from '../../../cockpit/hub/program.ts';
import { openProgram } from '../../../cockpit/ports.ts';
import { reportFailure, reportReady } from '../../../protocol/daemon.ts';
import { wrapError } from '../../../protocol/errors.ts';
import { exitProgram } from '../../../protocol/ports.ts';
import { bendVersions, readPoison, strike } from './bend.ts';

const program = openProgram();
const { ports, pid, env } = program;
const poison = readPoison();
bendVersions();
const { note } = Change.prototype;

Change.prototype.note = function noteOrFail(event: EventNote): void {
  const isReport = event.kind === 'attempt-finished' && event.note === 'succeeded';
  if (isReport) strike(poison, event.attempt);
  note.call(this, event);
};

try {
  const noticed = (line: string) => program.say(line);
  const home = findHubHome(env);
  const running = await startHub({
    home,
    ports,
    version: '0.0.0-poison',
    pid,
    box: await program.openBox(),
    noticed,
  });
  program.onSignal(() => void running.stop());
  reportReady();
  const failure = await running.hub.ended;
  await running.stop();
  exitProgram(failure === undefined ? 0 : 1);
} catch (thrown) {
  const error = wrapError(thrown, 'HUB_START');
  program.say(error.message);
  reportFailure(error);
  exitProgram(1);
}
