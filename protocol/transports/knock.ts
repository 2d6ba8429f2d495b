/*
 * A knock: one small question to an address, which says who listens there without a handshake.
 *
 * A hub answers with the number of its life and with how widely its peers should spread when they
 * all come at once. Nothing of it is authenticated: an answer only says where a handshake may be
 * worth trying and that a link may be worth giving up, both of which are cheap to be wrong about.
 * The question is longer than the answer, so that nobody is flooded by way of a hub.
 */
import type DHT from 'hyperdht';
import type { Request, Session } from 'hyperdht';
import type { Random } from '../ports.ts';
import type { Address } from './address.ts';
import { spreadMsMax } from './limits.ts';

/** What a hub says at its door. */
export interface DoorWord {
  /** Of this life of the hub; the next has another. Hex. */
  readonly life: string;
  /** Peers that come at once do so within this time, each at a moment of its own. */
  readonly spreadMs: number;
}

/** What a knock brings; `word` is missing where an older hub, or some other node, listens. */
export type KnockAnswer =
  | { readonly kind: 'answered'; readonly word?: DoorWord }
  | { readonly kind: 'silent' }
  | { readonly kind: 'impossible' };

/** hyperdht numbers its own commands from 0 to 10. */
const knockCommand = 77;

const lifeBytes = 8;

/** The number of a life that begins now. */
export function createLife(random: Random): string {
  return Buffer.from(random.bytes(lifeBytes)).toString('hex');
}

/** Has the node answer knocks that name `target`; all other requests go on as before. */
export function answerKnocks(node: DHT, target: Uint8Array, say: () => DoorWord): void {
  const serve = node.onrequest;
  node.onrequest = (request) => {
    if (request.command !== knockCommand || !isSame(request.target, target)) return serve(request);
    answer(request, say());
    return true;
  };
}

/** How a knock is made. */
export interface KnockPlan {
  readonly address: Address;
  /** The hash of the hub's key. */
  readonly target: Uint8Array;
  readonly session: Session;
}

/** Knocks, four times in some four seconds. Never rejects. */
export async function knock(node: DHT, plan: KnockPlan): Promise<KnockAnswer> {
  const { address, session, target } = plan;
  const question = { command: knockCommand, target: Buffer.from(target) };
  try {
    return readAnswer(await node.request(question, { ...address }, { session }));
  } catch (error) {
    const isSilent = (error as { code?: string }).code === 'REQUEST_TIMEOUT';
    return { kind: isSilent ? 'silent' : 'impossible' };
  }
}

function answer(request: Request, word: DoorWord): void {
  const value = Buffer.alloc(lifeBytes + 2);
  value.write(word.life, 'hex');
  value.writeUInt16BE(Math.min(spreadMsMax, Math.round(word.spreadMs)), lifeBytes);
  request.reply(value, { token: false, closerNodes: false });
}

function readAnswer({ error, value }: { error: number; value: Uint8Array | null }): KnockAnswer {
  if (error !== 0 || value?.length !== lifeBytes + 2) return { kind: 'answered' };
  const bytes = Buffer.from(value);
  const life = bytes.toString('hex', 0, lifeBytes);
  const spreadMs = Math.min(spreadMsMax, bytes.readUInt16BE(lifeBytes));
  return { kind: 'answered', word: { life, spreadMs } };
}

function isSame(one: Uint8Array | null, other: Uint8Array): boolean {
  return one !== null && Buffer.compare(one, other) === 0;
}
