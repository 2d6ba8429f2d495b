/*
 * The key that leads back from a terminal on another box, found in what is typed.
 *
 * `ctrl-]` unless the asker names another: no shell, tmux or ssh takes it, and phones have it. A program
 * at the other end may have asked the asker's terminal for other codes of keys, so the key is known by
 * those too. Pure. Errors: USAGE_ARGUMENT. Source: xterm's modifyOtherKeys, the kitty keyboard protocol.
 */
import { AppError } from '../../protocol/errors.ts';

/** A key that leaves. */
export interface LeaveKey {
  /** As people read it. */
  readonly name: string;
  /** The byte that a terminal sends for it. */
  readonly byte: number;
  /** The key without ctrl, as a code point. */
  readonly code: number;
}

/** The usual one. */
export const leaveKeyDefault: LeaveKey = { name: 'ctrl-]', byte: 0x1d, code: 0x5d };

/** Keys that are others under the same byte: tab, enter twice, escape. */
const taken = new Set(['i', 'j', 'm', '[']);

/** `ctrl-x` as a key. Errors: USAGE_ARGUMENT. */
export function parseLeaveKey(text: string): LeaveKey {
  const key = /^ctrl-([a-z[\\\]^_])$/i.exec(text)?.[1]?.toLowerCase();
  if (key === undefined || taken.has(key)) {
    throw new AppError('USAGE_ARGUMENT', `terminal: "${text}" cannot be the key that leaves.`);
  }
  const code = key.charCodeAt(0);
  return { name: `ctrl-${key}`, byte: code & 0x1f, code };
}

/** Where the key begins in what was typed at once; -1 where it is not. */
export function findLeaveKey(typed: Uint8Array, key: LeaveKey): number {
  const plain = typed.indexOf(key.byte);
  const coded = findCoded(Buffer.from(typed).toString('latin1'), key);
  if (plain < 0 || coded < 0) return Math.max(plain, coded);
  return Math.min(plain, coded);
}

const codedKey =
  /\u001b\[(?:(?<code>\d+)(?::[\d:]*)?;(?<mods>\d+)(?::(?<event>\d))?(?:;[\d:]*)?u|27;(?<mods2>\d+);(?<code2>\d+)~)/g;

/** Locks count as modifiers too, and say nothing here; a key that is released was pressed before. */
function findCoded(text: string, { code }: LeaveKey): number {
  for (const found of text.matchAll(codedKey)) {
    const { code: one, mods, event, code2, mods2 } = found.groups ?? {};
    const isCtrl = ((Number(mods ?? mods2) - 1) & 0b111111) === 0b100;
    if (isCtrl && Number(one ?? code2) === code && event !== '3') return found.index;
  }
  return -1;
}
