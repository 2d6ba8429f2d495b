/*
 * The hub's control conversations: every verb of the grammar, for any program of this user, and for
 * cockpits on other machines.
 *
 * Who may connect is decided by the socket's file mode, or by the key that was paired; a cockpit on
 * another machine may do all but end the hub, which it could not start again. Arguments are parsed by the verb's schema
 * before it runs, whoever asks. A verb that writes is refused at once while the store is not sound,
 * so that nobody waits for a disk; what was taken before that waits, and happens.
 * Errors: COCKPIT_FORBIDDEN, USAGE_VERB, USAGE_ARGUMENT, DISK_FULL, STORE_REOPENING, the verb's own.
 */
import { type ControlCall, type ServedControl, serveControl } from '../../protocol/control.ts';
import { AppError } from '../../protocol/errors.ts';
import type { Link, Listener } from '../../protocol/transports/link.ts';
import { listenUnix } from '../../protocol/transports/unix.ts';
import { awaitSound } from '../../store/disk-guard.ts';
import { findVerb } from '../verbs/registry.ts';
import { type AnyVerb, parseVerbArgs, type VerbContext } from '../verbs/verb.ts';

/** What verbs are given besides the call. */
export type ControlScene = Pick<VerbContext, 'hub' | 'home' | 'pid' | 'box' | 'stopHub'>;

/** Opens the socket. Errors: HUB_RUNNING, SOCKET_PATH. */
export function openControl(path: string, scene: ControlScene): Promise<Listener> {
  return listenUnix(path, (link) => serveControl(link, (call) => runVerb(scene, call)));
}

/** Verbs that only a program on the hub's own box may ask for. */
const ownersOnly: ReadonlySet<string> = new Set(['stop']);

/** Serves a cockpit on another machine. */
export function serveCockpit(link: Link, scene: ControlScene): ServedControl {
  return serveControl(link, async (call) => {
    if (ownersOnly.has(call.verb)) throw new AppError('COCKPIT_FORBIDDEN');
    return runVerb(scene, call);
  });
}

/** Answers one call: finds the verb, parses what it was given, runs it. Errors: as in the header. */
export async function runVerb(scene: ControlScene, call: ControlCall): Promise<unknown> {
  const verb = findVerb(call.verb);
  if (verb === undefined) throw new AppError('USAGE_VERB', `There is no verb "${call.verb}".`);
  const args = parseVerbArgs(verb, call.args);
  if (writes(verb)) {
    const refusal = await awaitSound(scene.hub.disk, scene.hub.ports.timers);
    if (refusal !== undefined) throw refusal;
  }
  const context: VerbContext = {
    ...scene,
    item: (value) => call.item(value),
    onDrop: (run) => call.onDrop(run),
    onGive: (take) => call.onGive(take),
  };
  return verb.run(context, args as never);
}

/** Everything but looking, and ending the hub, which must be possible on any disk. */
function writes(verb: AnyVerb): boolean {
  return verb.danger !== 'looks' && verb.name !== 'stop';
}
