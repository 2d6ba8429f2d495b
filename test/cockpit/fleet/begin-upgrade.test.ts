/*
 * What becomes of a change of version whose first answer ssh lost: it is looked for on the box.
 */
import { describe, expect, test } from 'vitest';
import { beginUpgrade } from '../../../cockpit/fleet/begin-upgrade.ts';
import type { SshResult } from '../../../cockpit/fleet/ssh.ts';
import { AppError, type ErrorCode } from '../../../protocol/errors.ts';

const [from, to] = ['a-000000000001', 'b-000000000002'];
const earlier = { phase: 'rolled-back', from, to, at: 6 };
const begun = { phase: 'draining', from, to, at: 7 };

/** Begins one on a box that answers so, one answer a command and the last for good; a code is an ssh that failed. */
async function begin(...answers: readonly (object | ErrorCode)[]) {
  const asked: string[] = [];
  const run = async (_: unknown, command: string): Promise<SshResult> => {
    const answer = answers[Math.min(asked.length, answers.length - 1)];
    asked.push(/upgrade [^']*/.exec(command)?.[0] ?? command);
    if (typeof answer === 'string') throw new AppError(answer);
    return { code: 0, stdout: JSON.stringify(answer), stderr: '' };
  };
  const ssh = { run, open: () => expect.unreachable('no channel is opened here') };
  const timers = {
    after: (_: number, wake: () => void) => {
      const timer = setImmediate(wake);
      return () => clearImmediate(timer);
    },
  };
  const place = { way: { ssh, place: { target: 'box' } }, home: '/srv/odally' };
  const result = await beginUpgrade(place, { to, node: 'node', timers }).catch(
    (error: AppError) => error.code,
  );
  return { result, begins: asked.filter((words) => words.includes('--background')).length };
}

describe('beginning a change of version', () => {
  test('begin upgrade: an answer that comes says when it began', async () => {
    expect(await begin({ phase: 'none' }, begun)).toEqual({ result: 7, begins: 1 });
  });

  test('begin upgrade: an answer that ssh lost is asked for until the change is seen, and it is begun once', async () => {
    const answers = [earlier, 'SSH_FAILED', 'SSH_UNREACHABLE', earlier, begun] as const;
    expect(await begin(...answers)).toEqual({ result: 7, begins: 1 });
  });

  test('begin upgrade: ssh that failed before anything began says so, and not what came of a change before', async () => {
    expect(await begin(earlier, 'SSH_TIMEOUT', earlier)).toEqual({
      result: 'SSH_TIMEOUT',
      begins: 1,
    });
  });

  test('begin upgrade: what ssh or the box refuses is told at once', async () => {
    for (const code of ['SSH_AUTH', 'UPGRADE_BUSY'] as const)
      expect(await begin(earlier, code, begun)).toEqual({ result: code, begins: 1 });
    expect(await begin('SSH_UNREACHABLE', begun)).toEqual({ result: 'SSH_UNREACHABLE', begins: 0 });
  });
});
