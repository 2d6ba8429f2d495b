/*
 * What this box has to isolate work with, looked up where the policy asks for it.
 *
 * Users are those of /etc/passwd. Whether systemd makes scopes is tried once, by making one, because its
 * programs lie on many a box on which it does not run. Nothing here decides.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { BoxUser, IsolationBox } from '../policy/isolation.ts';
import type { Environment } from './environment.ts';
import { scopeProbeMsMax } from './limits.ts';

const run = promisify(execFile);

/** Looks at the box. */
export async function openIsolationBox(env: Environment): Promise<IsolationBox> {
  const uid = process.getuid?.() ?? -1;
  return {
    uid,
    scopes: (await canScope(env, uid)) ? (uid === 0 ? 'system' : 'user') : 'none',
    findUser,
    isWatchable: existsSync('/proc/self/stat'),
  };
}

/** How a scope ended, in systemd's word; the unit is forgotten then. Empty where it cannot be told. */
export async function readScopeResult(unit: string, env: Environment): Promise<string> {
  const whose = process.getuid?.() === 0 ? [] : ['--user'];
  const ask = (...words: readonly string[]) =>
    run('systemctl', [...whose, ...words, `${unit}.scope`], options(env)).then(
      ({ stdout }) => stdout.trim(),
      () => '',
    );
  const result = await ask('show', '--property=Result', '--value');
  await ask('reset-failed');
  return result;
}

async function canScope(env: Environment, uid: number): Promise<boolean> {
  const whose = uid === 0 ? [] : ['--user'];
  const words = [...whose, '--scope', '--quiet', '--collect', '--', 'true'];
  return run('systemd-run', words, options(env)).then(
    () => true,
    () => false,
  );
}

function options(env: Environment) {
  return { env: { ...env }, timeout: scopeProbeMsMax, encoding: 'utf8' } as const;
}

function findUser(name: string): BoxUser | undefined {
  const line = readPasswd()
    .split('\n')
    .find((each) => each.startsWith(`${name}:`));
  const [, , uid, gid, , home = '/', shell = ''] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) return undefined;
  return { name, uid: Number(uid), gid: Number(gid), home, shell: shell || '/bin/sh' };
}

function readPasswd(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8');
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown) return '';
    throw thrown;
  }
}
