/*
 * One way to a box over ssh, from its opening to its end.
 *
 * The person's own ssh runs `odally --stdio` on the box; what comes back must prove to be the one worker that
 * the way is for. Invariant: however it ends, the process of ssh ends with it. Never rejects: why there is no
 * link is what it resolves with, in words for a person.
 */
import { type AppError, wrapError } from '../../protocol/errors.ts';
import type { PeerKey } from '../../protocol/model.ts';
import { type Ports, sleep } from '../../protocol/ports.ts';
import type { Link } from '../../protocol/transports/link.ts';
import { quoteLine, spellHome } from '../fleet/shell.ts';
import type { Ssh, SshChannel, SshResult } from '../fleet/ssh.ts';
import type { SshPlace } from '../manager/box.ts';
import type { Door } from './hub-parts.ts';
import { sshEndMsMax } from './limits.ts';

/** What a way is opened with. */
export interface SshWayParts {
  readonly worker: PeerKey;
  readonly place: SshPlace;
  readonly ssh: Ssh;
  readonly answer: Door['answer'];
  /** Gives the link to the worker's session; resolves with the reason when it has ended. */
  attach(link: Link): Promise<string>;
  readonly ports: Ports;
}

/** The command of the box; one that lacks our layout has `odally` on its path. */
export function planStdioCommand({ home }: Pick<SshPlace, 'home'>): string {
  const run =
    'if [ -x "$ODALLY_HOME/bin/odally" ]; then exec "$ODALLY_HOME/bin/odally" --stdio; fi';
  const where = `ODALLY_HOME="${spellHome(home)}"; export ODALLY_HOME`;
  return quoteLine(`${where}; ${run}; exec odally --stdio`);
}

/** Life cycle: `run` once; `close` ends it, before or after it links. */
export class SshWay {
  readonly #parts: SshWayParts;
  #channel: SshChannel | undefined;
  #isClosed = false;

  constructor(parts: SshWayParts) {
    this.#parts = parts;
  }

  /** Opens it, and stays while it links. */
  async run(): Promise<string> {
    const { ssh, place, worker, answer, attach } = this.#parts;
    if (this.#isClosed) return 'it was given up';
    try {
      const channel = ssh.open(place, planStdioCommand(place));
      this.#channel = channel;
      const { stream } = channel;
      try {
        const link = await answer({ incoming: stream, outgoing: stream }, worker);
        if (!this.#isClosed) return await attach(link);
        link.close('it was given up');
        return 'it was given up';
      } catch (error) {
        return await this.#explain(channel, wrapError(error, 'LINK_LOST'));
      }
    } catch (error) {
      return wrapError(error, 'SSH_FAILED').message;
    } finally {
      this.close();
    }
  }

  /** Safe to repeat. */
  close(): void {
    this.#isClosed = true;
    this.#channel?.close();
  }

  /** What ssh or the box said says more than that no link came of it. */
  async #explain(channel: SshChannel, error: AppError): Promise<string> {
    const saysItself = error.code !== 'LINK_LOST' && error.code !== 'LINK_FOREIGN';
    if (saysItself || this.#isClosed) return error.message;
    const { timers } = this.#parts.ports;
    const end = await Promise.race([channel.ended, sleep(timers, sshEndMsMax)]);
    return end === undefined ? error.message : (describeEnd(end) ?? error.message);
  }
}

/** Source: POSIX.1-2017, Shell Command Language, 2.8.2: a command that is not found. */
const notFoundStatus = 127;

function describeEnd(end: SshResult & { readonly failure?: AppError }): string | undefined {
  const lines = end.stderr.split('\n').map((line) => line.trim());
  // However ssh ended then: it had got there, and ends as one that failed where we end it meanwhile.
  const own = lines.find((line) => line.startsWith('odally: '));
  if (own !== undefined) return own.slice('odally: '.length, 300);
  if (end.failure !== undefined) return end.failure.message;
  if (end.code === notFoundStatus) return 'odally is not installed there';
  const last = lines.filter((line) => line !== '').at(-1);
  return last === undefined ? undefined : `it ended with ${end.code}: ${last.slice(0, 300)}`;
}
