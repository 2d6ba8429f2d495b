/*
 * The port to other boxes: the person's own OpenSSH, with their config, agent, jump hosts and masters.
 *
 * A command runs on the box and ends, or stays as a channel of bytes. We never answer for the person:
 * nothing is prompted for, a host whose key they have not accepted is refused, and no check of theirs is
 * turned off. What a command of the box says is its result; what ssh itself fails at is an error.
 * Errors: SSH_TARGET, SSH_MISSING, SSH_TIMEOUT, SSH_HOST_KEY, SSH_AUTH, SSH_UNREACHABLE, SSH_FAILED.
 */
import type { Duplex } from 'node:stream';
import { AppError, type ErrorCode } from '../../protocol/errors.ts';
import type { SshPlace } from '../manager/box.ts';

/** Which box, as the person's ssh knows it. */
export type SshTarget = Pick<SshPlace, 'target' | 'port' | 'identity' | 'wrapper'>;

/** What a command is given besides its words. */
export interface SshRunOptions {
  /** What it reads; nothing where absent. */
  readonly stdin?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Milliseconds for all of it, connecting included; `sshRunMsDefault` where absent. */
  readonly timeoutMs?: number;
  /** Ends it early. */
  readonly signal?: AbortSignal;
}

/** How a command on the box ended. */
export interface SshResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that stays, and is talked with. */
export interface SshChannel {
  /** What it reads and writes, with back-pressure in both directions. */
  readonly stream: Duplex;
  /** Resolves when it is over, with the failure of ssh itself where that ended it. Never rejects. */
  readonly ended: Promise<SshResult & { readonly failure?: AppError }>;
  /** Ends it; safe to repeat. */
  close(): void;
}

/** Runs commands on boxes. */
export interface Ssh {
  /** Runs a command to its end. Errors: as in the header. */
  run(target: SshTarget, command: string, options?: SshRunOptions): Promise<SshResult>;
  /** Begins a command that stays. */
  open(target: SshTarget, command: string): SshChannel;
}

/** The program with all of its arguments: the person's ssh, or what stands in its place for this box. */
export function planSshCommand(
  ssh: readonly string[],
  target: SshTarget,
  command: string,
): readonly string[] {
  if (target.wrapper !== undefined) return [...target.wrapper, command];
  return [...ssh, ...planSshArguments(target, command)];
}

/** The arguments that follow the ssh program. `command` is for the login shell of the box. */
export function planSshArguments(
  { target, port, identity }: SshTarget,
  command: string,
): readonly string[] {
  if (!isSshTarget(target)) {
    throw new AppError('SSH_TARGET', `"${target}" is no USER@HOST, and no name of an ssh config.`);
  }
  const options = {
    BatchMode: 'yes',
    ConnectTimeout: '15',
    // A box that was cut off is noticed, where the person's config does not say when.
    ServerAliveInterval: '5',
    ServerAliveCountMax: '3',
    // What the person's config does on a login of theirs is not for our commands.
    RemoteCommand: 'none',
    RequestTTY: 'no',
    ClearAllForwardings: 'yes',
    ForwardAgent: 'no',
    ForwardX11: 'no',
  };
  return [
    ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(identity === undefined ? [] : ['-i', identity]),
    '--',
    target,
    command,
  ];
}

/** Could this be a destination? It must not be taken for a flag, nor mean anything to a shell. */
export function isSshTarget(text: string): boolean {
  return text.length <= 256 && /^[\w.[:][\w.@:%+[\]-]*$/.test(text);
}

/** What ssh says of itself → what that is. The first that is found counts. */
const failures: readonly (readonly [RegExp, ErrorCode])[] = [
  [/REMOTE HOST IDENTIFICATION HAS CHANGED/, 'SSH_HOST_KEY'],
  [/Host key verification failed/, 'SSH_HOST_KEY'],
  [/Permission denied|Too many authentication failures|No more authentication/i, 'SSH_AUTH'],
  [/Could not resolve hostname|Name or service not known/i, 'SSH_UNREACHABLE'],
  [/Connection (refused|timed out|reset|closed)|Operation timed out/i, 'SSH_UNREACHABLE'],
  [/No route to host|Network is unreachable|kex_exchange_identification/i, 'SSH_UNREACHABLE'],
  [/Timeout, server .* not responding|Broken pipe/i, 'SSH_UNREACHABLE'],
];

/** The status by which ssh says that it failed itself. Source: ssh(1), EXIT STATUS. */
export const sshFailedStatus = 255;

/** A key that was named and that ssh could not read: it only warns, and tries others, so a slip would be kept for ever. */
export function findIdentityFault({ identity }: SshTarget, stderr: string): AppError | undefined {
  const warned = /^Warning: Identity file (.+) not accessible: (.+?)\.?\r?$/m.exec(stderr);
  if (identity === undefined || warned === null) return undefined;
  return new AppError('SSH_IDENTITY', `ssh cannot read the key ${warned[1]}: ${warned[2]}.`);
}

/** Why ssh itself failed, from what it said. */
export function readSshFailure(place: SshTarget, stderr: string): AppError {
  const { target } = place;
  const code = failures.find(([pattern]) => pattern.test(stderr))?.[1] ?? 'SSH_FAILED';
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^@|^Warning: Permanently added/.test(line));
  if (/HAS CHANGED/.test(stderr)) {
    return new AppError(code, `${target} shows another host key than the one that was accepted.`);
  }
  if (code === 'SSH_HOST_KEY') {
    return new AppError(code, `The host key of ${target} is not one that you have accepted.`);
  }
  const fault = code === 'SSH_AUTH' ? findIdentityFault(place, stderr) : undefined;
  if (fault !== undefined) return fault;
  const said = lines.at(-1) ?? 'it said nothing';
  return new AppError(code, `ssh could not get onto ${target}: ${said.slice(0, 300)}`);
}
