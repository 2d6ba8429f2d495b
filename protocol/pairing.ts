/*
 * Pairing: the one exchange on a link that an invite's one-time key has opened.
 *
 *   agent ── pair {its own key, host} ──▶ hub ── paired {name} ──▶ agent        or nak {code}
 *
 * The link itself proves that the agent holds the invite and that the hub is the invited one; so
 * what is exchanged is only whom to trust from now on. Asking twice with the same key gives the same
 * answer, because an answer can be lost. Nothing else is taken on such a link, and it ends here.
 */
import { AppError, isErrorCode, wrapError } from './errors.ts';
import { decodeFrame, encodeFrame } from './frames.ts';
import { frameBytesBeforeHelloMax, helloMsMax } from './limits.ts';
import type { PeerKey } from './model.ts';
import type { Timers } from './ports.ts';
import type { Link } from './transports/link.ts';

/** Who asks to be trusted. */
export interface PairRequest {
  readonly key: PeerKey;
  readonly host: string;
}

/** Asks over a fresh link; resolves with the name given. Errors: the hub's, LINK_TIMEOUT, LINK_LOST. */
export function askToPair(link: Link, request: PairRequest, timers: Timers): Promise<string> {
  return new Promise((resolve, reject) => {
    const cancel = timers.after(helloMsMax, () =>
      settle(() => reject(new AppError('LINK_TIMEOUT'))),
    );
    const settle = (finish: () => void) => {
      cancel();
      finish();
      link.close('paired');
    };
    link.open({
      frame: (bytes) => settle(() => readAnswer(bytes, resolve, reject)),
      drain: () => undefined,
      closed: (reason) => {
        cancel();
        reject(new AppError('LINK_LOST', `The hub ended the pairing (${reason}).`));
      },
    });
    link.send(encodeFrame({ t: 'pair', ...request }));
  });
}

/** Answers one request; `decide` resolves with the name once the trust is on disk. */
export function answerPair(
  link: Link,
  timers: Timers,
  decide: (request: PairRequest) => Promise<string>,
): void {
  let isAsked = false;
  const cancel = timers.after(helloMsMax, () => link.close('LINK_TIMEOUT'));
  const answer = async (bytes: Uint8Array) => {
    if (bytes.length > frameBytesBeforeHelloMax) throw new AppError('FRAME_TOO_LARGE');
    const frame = decodeFrame(bytes);
    if (frame.t !== 'pair') throw new AppError('FRAME_INVALID', 'This link is only for pairing.');
    const name = await decide({ key: frame.key, host: frame.host });
    link.send(encodeFrame({ t: 'paired', name }));
  };
  link.open({
    frame: (bytes) => {
      if (isAsked) return link.close('FRAME_INVALID');
      isAsked = true;
      answer(bytes).catch((thrown: unknown) => {
        const { code, message } = wrapError(thrown, 'HUB_INTERNAL');
        link.send(encodeFrame({ t: 'nak', code, message: message.slice(0, 1000) }));
      });
    },
    drain: () => undefined,
    closed: cancel,
  });
}

function readAnswer(
  bytes: Uint8Array,
  resolve: (name: string) => void,
  reject: (error: AppError) => void,
): void {
  try {
    const frame = decodeFrame(bytes);
    if (frame.t === 'paired') return resolve(frame.name);
    if (frame.t !== 'nak') throw new AppError('FRAME_INVALID');
    reject(new AppError(isErrorCode(frame.code) ? frame.code : 'PEER_UNKNOWN', frame.message));
  } catch (thrown) {
    reject(wrapError(thrown, 'FRAME_INVALID'));
  }
}
