/*
 * The product's own agent as a process, with a handler that fails at planted messages.
 *
 * The fault sits where the report of having accepted is numbered, after memory was changed. Its home is
 * $ODALLY_HOME, the plan $WALLY_POISON, the arguments those of `odally`.
 */
import { runCli } from '../../../agent/cli.ts';
import { openProgram } from '../../../agent/ports.ts';
import { decodeFact } from '../../../protocol/messages.ts';
import { exitProgram } from '../../../protocol/ports.ts';
import { PeerStreams } from '../../../store/peer-streams.ts';
import { bendVersions, readPoison, strike } from './bend.ts';

const poison = readPoison();
bendVersions();
const { planMessage } = PeerStreams.prototype;

PeerStreams.prototype.planMessage = function planOrFail(bytes) {
  const planned = planMessage.call(this, bytes);
  const fact = decodeFact(bytes);
  if (fact.kind === 'accepted') strike(poison, fact.attempt);
  return planned;
};

exitProgram(await runCli(openProgram(import.meta.url), '0.0.0-poison'));
