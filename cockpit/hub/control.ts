/*
 * The hub's control conversations: every verb of the grammar, for any program of this user, and for
 * cockpits on other machines.
 *
 * Who may connect is decided by the socket's file mode, or by the key that was paired; a cockpit on
 * another machine may do all but end the hub, which it could not start again. Arguments are parsed by the verb's schema
 * before it runs, whoever asks; what changes something is in the audit trail (`audited-call.ts`). A verb that writes is refused at once while the store is not sound,
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
import { AuditedCall } from './audited-call.ts';

/** What verbs are given besides the call. */
export type ControlScene = Pick<VerbContext, 'hub' | 'home' | 'pid' | 'box' | 'stopHub'>;

/** Opens the socket. Errors: HUB_RUNNING, SOCKET_PATH. */
export function openControl(path: string, scene: ControlScene): Promise<Listener> {
  return listenUnix(path, (link) => serveControl(link, (call) => runVerb(scene, call)));
}

/** Whoever may open the socket of a home is its owner. */
const owner = 'owner';

/** Verbs that only a program on the hub's own box may ask for. */
const ownersOnly: ReadonlySet<string> = new Set(['stop', 'backup']);

/** Serves a cockpit on another machine; its name comes from its key. */
export function serveCockpit(link: Link, scene: ControlScene): ServedControl {
  const { peerKey } = link;
  return serveControl(link, (call) => {
    const name = scene.hub.cockpits.find(peerKey)?.name ?? peerKey.slice(0, 8);
    return runVerb(scene, call, `cockpit ${name}`);
  });
}

/** Answers one call: finds the verb, parses what it was given, runs it. Errors: as in the header. */
export async function runVerb(
  scene: ControlScene,
  call: ControlCall,
  who = owner,
): Promise<unknown> {
  const verb = findVerb(call.verb);
  const audited = new AuditedCall(scene.hub.audit, { who, verb }, call);
  try {
    if (verb === undefined) throw new AppError('USAGE_VERB', `There is no verb "${call.verb}".`);
    if (who !== owner && ownersOnly.has(verb.name)) throw new AppError('COCKPIT_FORBIDDEN');
    const answer = await runAudited(scene, { call, verb, audited });
    audited.end();
    return answer;
  } catch (thrown) {
    audited.end(thrown);
    throw thrown;
  }
}

interface Run {
  readonly call: ControlCall;
  readonly verb: AnyVerb;
  readonly audited: AuditedCall;
}

async function runAudited(scene: ControlScene, { call, verb, audited }: Run): Promise<unknown> {
  const args = parseVerbArgs(verb, call.args);
  if (writes(verb)) {
    const refusal = await awaitSound(scene.hub.disk, scene.hub.ports.timers);
    if (refusal !== undefined) throw refusal;
  }
  await audited.begin(args);
  const context: VerbContext = {
    ...scene,
    item: (value) => call.item(value),
    onDrop: (run) => call.onDrop(run),
    onGive: (take) => call.onGive(take),
    settled: (came) => audited.settled(came),
  };
  return verb.run(context, args as never);
}

/** Everything but looking, and ending the hub, which must be possible on any disk. */
function writes(verb: AnyVerb): boolean {
  return verb.danger !== 'looks' && verb.name !== 'stop';
}
