/*
 * The port over ssh, against a program that stands in for it: what it is given, and what is made of its ends.
 */
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { sshOutputBytesMax } from '../../../cockpit/fleet/limits.ts';
import { openSsh } from '../../../cockpit/fleet/ports.ts';
import {
  findIdentityFault,
  isSshTarget,
  planSshArguments,
  readSshFailure,
} from '../../../cockpit/fleet/ssh.ts';
import { isRunning } from '../../agent/work/bench.ts';
import { createDirectory } from '../../store/place.ts';

let place: Awaited<ReturnType<typeof createDirectory>>;

beforeEach(async () => {
  place = await createDirectory();
});

afterEach(() => place.remove());

/** An ssh that notes its arguments, a line each, and then does as `script` says. */
async function openFake(script: string) {
  const program = join(place.path, 'fake-ssh');
  const said = join(place.path, 'arguments');
  await writeFile(program, `#!/bin/sh\nprintf '%s\\n' "$@" > '${said}'\n${script}\n`);
  await chmod(program, 0o755);
  const readArguments = async () => (await readFile(said, 'utf8')).trimEnd().split('\n');
  return { ssh: openSsh([program, '-F', 'their.config']), readArguments };
}

const box = { target: 'me@box' };
const readPid = async () => Number(await readFile(join(place.path, 'pid'), 'utf8'));

describe('ssh: a command', () => {
  test('ssh: gets the person’s first arguments, ours, and the command as one word', async () => {
    const { ssh, readArguments } = await openFake('cat; echo told >&2; exit 3');
    const place = { target: 'me@box', port: 2222, identity: '/keys/one' };
    const result = await ssh.run(place, 'cat  "a b"', { stdin: 'in\n' });
    expect(result).toEqual({ code: 3, stdout: 'in\n', stderr: 'told\n' });
    const words = await readArguments();
    expect(words.slice(0, 2)).toEqual(['-F', 'their.config']);
    expect(words).toContain('BatchMode=yes');
    expect(words.join(' ')).not.toMatch(/StrictHostKeyChecking|UserKnownHosts/);
    expect(words.slice(-7)).toEqual([
      '-p',
      '2222',
      '-i',
      '/keys/one',
      '--',
      'me@box',
      'cat  "a b"',
    ]);
  });

  test('ssh: reads pieces as they come, and bytes stay as they are', async () => {
    const { ssh } = await openFake('wc -c');
    async function* pieces() {
      for (let n = 0; n < 40; n += 1) yield new Uint8Array(64 * 1024).fill(n);
    }
    const { stdout } = await ssh.run(box, 'count', { stdin: pieces() });
    expect(Number(stdout)).toBe(40 * 64 * 1024);
  });

  test('ssh: one that reads nothing of what it is given still ends with its own status', async () => {
    const { ssh } = await openFake('exec <&-; exit 7');
    async function* pieces() {
      for (let n = 0; n < 64; n += 1) yield new Uint8Array(64 * 1024);
    }
    expect((await ssh.run(box, 'x', { stdin: pieces() })).code).toBe(7);
  });

  test('ssh: a box that does not answer is given up, and no process is left', async () => {
    const { ssh } = await openFake(`echo $$ > '${place.path}/pid'; exec sleep 600`);
    const error = await ssh.run(box, 'x', { timeoutMs: 500 }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SSH_TIMEOUT' });
    const pid = await readPid();
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  test('ssh: a box that does not answer is given up with all that the program started for it', async () => {
    const { ssh } = await openFake(`sleep 600 & echo $! > '${place.path}/pid'; wait`);
    const error = await ssh.run(box, 'x', { timeoutMs: 500 }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SSH_TIMEOUT' });
    const pid = await readPid();
    await vi.waitUntil(() => !isRunning(pid));
  });

  test('ssh: what a program leaves behind with its pipes holds up nobody', async () => {
    const { ssh } = await openFake(`sleep 600 & echo $! > '${place.path}/pid'; echo told; exit 3`);
    expect(await ssh.run(box, 'x')).toEqual({ code: 3, stdout: 'told\n', stderr: '' });
    // It may be a master that serves others, so it is left.
    expect(process.kill(await readPid(), 'SIGKILL')).toBe(true);
  });

  test('ssh: who asks can leave', async () => {
    const { ssh } = await openFake('exec sleep 600');
    const leave = new AbortController();
    const run = ssh.run(box, 'x', { signal: leave.signal });
    leave.abort();
    await expect(run).rejects.toMatchObject({ code: 'SSH_FAILED' });
  });

  test('ssh: a program that is not there is said', async () => {
    await expect(openSsh(['/nowhere/ssh']).run(box, 'x')).rejects.toMatchObject({
      code: 'SSH_MISSING',
    });
  });
});

describe('ssh: a channel', () => {
  test('ssh: bytes go both ways until the far end stops', async () => {
    const { ssh } = await openFake('read line; echo "got $line"; echo bye >&2; exit 4');
    const { stream, ended } = ssh.open(box, 'talk');
    stream.write('hello\n');
    const heard: Buffer[] = [];
    for await (const piece of stream) heard.push(piece as Buffer);
    expect(Buffer.concat(heard).toString()).toBe('got hello\n');
    expect(await ended).toMatchObject({ code: 4, stderr: 'bye\n' });
    expect((await ended).failure).toBeUndefined();
  });

  test('ssh: its own failure is told where the channel ends', async () => {
    const { ssh } = await openFake('echo "me@box: Permission denied (publickey)." >&2; exit 255');
    const { ended } = ssh.open(box, 'talk');
    expect((await ended).failure).toMatchObject({ code: 'SSH_AUTH' });
  });

  test('ssh: a box that complains without end is cut off, and not kept in memory', async () => {
    const { ssh } = await openFake('yes "$(printf %1000s)" >&2');
    const { ended } = ssh.open(box, 'talk');
    const { failure, stderr } = await ended;
    expect(failure).toMatchObject({ code: 'SSH_FAILED' });
    expect(stderr.length).toBeLessThanOrEqual(sshOutputBytesMax);
  });

  test('ssh: closing it ends the program, twice is once', async () => {
    const { ssh } = await openFake('cat');
    const channel = ssh.open(box, 'talk');
    channel.stream.write('x');
    await new Promise((resolve) => channel.stream.once('data', resolve));
    channel.close();
    channel.close();
    expect((await channel.ended).failure).toBeDefined();
  });
});

describe('ssh: what it fails at', () => {
  test.each([
    ['No ED25519 host key is known for [::1]:1.\nHost key verification failed.', 'SSH_HOST_KEY'],
    ['@@@\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key …', 'SSH_HOST_KEY'],
    ['me@box: Permission denied (publickey,password).', 'SSH_AUTH'],
    ['Received disconnect from ::1: Too many authentication failures', 'SSH_AUTH'],
    ['ssh: Could not resolve hostname box: Name or service not known', 'SSH_UNREACHABLE'],
    ['ssh: connect to host box port 22: Connection refused', 'SSH_UNREACHABLE'],
    ['ssh: connect to host box port 22: No route to host', 'SSH_UNREACHABLE'],
    ['kex_exchange_identification: Connection closed by remote host', 'SSH_UNREACHABLE'],
    ['their.config: line 3: Bad configuration option: x', 'SSH_FAILED'],
    ['', 'SSH_FAILED'],
  ] as const)('ssh: “%s” is %s', (stderr, code) => {
    expect(readSshFailure(box, stderr).code).toBe(code);
  });

  test('ssh: a key that was named and cannot be read is a fault of its own, whether ssh got there without it or not', () => {
    const warned = 'Warning: Identity file /k/id not accessible: No such file or directory.\n';
    const named = { ...box, identity: '/k/id' };
    const fault = {
      code: 'SSH_IDENTITY',
      message: 'ssh cannot read the key /k/id: No such file or directory.',
    };
    expect(findIdentityFault(named, warned)).toMatchObject(fault);
    expect(findIdentityFault(named, 'Warning: something else\n')).toBeUndefined();
    expect(findIdentityFault(box, warned)).toBeUndefined();
    const denied = `${warned}me@box: Permission denied (publickey).\n`;
    expect(readSshFailure(named, denied)).toMatchObject(fault);
    expect(readSshFailure(box, denied).code).toBe('SSH_AUTH');
    const refused = `${warned}ssh: connect to host box port 22: Connection refused\n`;
    expect(readSshFailure(named, refused).code).toBe('SSH_UNREACHABLE');
  });

  test('ssh: the words of ssh are kept, its frame of signs is not', () => {
    const { message } = readSshFailure(box, '@@@@\nssh: connect to host box port 22: No route\n');
    expect(message).toBe(
      'ssh could not get onto me@box: ssh: connect to host box port 22: No route',
    );
  });

  test('ssh: what could be a flag or mean something to a shell is no destination', () => {
    const good = ['box', 'me@box.example', 'me@[::1]', '::1', 'realm%x@box', 'a_b-c'];
    const bad = [
      '',
      '-oProxyCommand=x',
      'a b',
      'a;b',
      '$(x)',
      '`x`',
      "a'b",
      'a|b',
      'x'.repeat(257),
    ];
    expect(good.filter(isSshTarget)).toEqual(good);
    expect(bad.filter(isSshTarget)).toEqual([]);
    expect(() => planSshArguments({ target: '-oProxyCommand=x' }, 'true')).toThrow('USER@HOST');
  });
});
