/*
 * What isolation a policy asks for, against what a box can hold.
 */
import { describe, expect, test } from 'vitest';
import {
  describeIsolation,
  type IsolationBox,
  planIsolation,
} from '../../../agent/policy/isolation.ts';
import { parsePolicy } from '../../../agent/policy/policy.ts';
import { planLaunch } from '../../../agent/work/launch.ts';
import { AppError } from '../../../protocol/errors.ts';
import { openPoliciesInHand } from './policies-in-hand.ts';

const builder = { name: 'builder', uid: 1001, gid: 1001, home: '/home/builder', shell: '/bin/sh' };
const root: IsolationBox = {
  uid: 0,
  findUser: (name) => (name === 'builder' ? builder : undefined),
  scopes: 'system',
  isWatchable: true,
};
const bare: IsolationBox = { ...root, uid: 1000, scopes: 'none' };

function plan(text: string, box: IsolationBox) {
  return planIsolation(parsePolicy(text, 'policy.toml'), box);
}

function say(text: string, box: IsolationBox): readonly string[] {
  return describeIsolation(plan(text, box));
}

describe('isolation', () => {
  test('nothing is asked, nothing is done or said', () => {
    expect(plan('', bare)).toEqual({ scope: 'none', limits: {}, unheld: [] });
    expect(say('', root)).toEqual([]);
  });

  test.each([
    ['[isolation]\nuser = "ghost"', root, 'isolation.user = "ghost": there is no such user'],
    ['[isolation]\nuser = "builder"', bare, 'only an agent of root can run work as another user'],
    ['[isolation]\nhide_key = true', root, 'isolation.hide_key: work runs as the agent’s own user'],
    ['[isolation]\nscope = true', bare, 'isolation.scope: systemd-run makes no scope here'],
  ])('what cannot be had refuses work: %j', (text, box, why) => {
    const refusal = plan(text, box);
    expect(refusal).toBeInstanceOf(AppError);
    expect(refusal).toMatchObject({ code: 'POLICY_ISOLATION' });
    expect(say(text, box)[0]).toContain(why);
    const { policies } = openPoliciesInHand(text, true, box);
    const spec = { command: ['true'], env: {}, isIdempotent: false, lostAfterMs: 1 };
    expect(policies.findSpecRefusal(spec)).toMatchObject({ code: 'POLICY_ISOLATION' });
  });

  test('another user keeps the key out of reach; what a limit is held by is said', () => {
    const text = '[isolation]\nuser = "builder"\nhide_key = true\n[limits]\nprocesses_max = 8';
    expect(plan(text, root)).toMatchObject({ user: builder, scope: 'system' });
    expect(say(text, { ...root, scopes: 'none' })).toEqual([
      'work runs as builder, who cannot read the key',
      'a job has 8 processes, watched by the agent',
    ]);
  });

  test('a limit that nothing holds here is named, and work goes on', () => {
    const text = '[limits]\ncpu_percent_max = 50\nmemory_bytes_max = 1073741824';
    expect(plan(text, bare)).toMatchObject({ unheld: ['limits.cpu_percent_max'] });
    expect(plan(text, { ...bare, isWatchable: false })).toMatchObject({
      unheld: ['limits.memory_bytes_max', 'limits.cpu_percent_max'],
    });
    expect(plan(text, { ...bare, scopes: 'user' })).toMatchObject({ unheld: [], scope: 'user' });
  });
});

describe('launch', () => {
  const order = { line: ['make', 'all'], env: { A: '1' }, unit: 'wally-x' };

  test('without anything asked the line is the very same', () => {
    const isolation = plan('', root);
    if (isolation instanceof AppError) throw isolation;
    expect(planLaunch({ ...order, isolation }, {}).line).toBe(order.line);
  });

  test('a scope of the user’s own systemd has its limits, and work does not get the way to it', () => {
    const text =
      '[limits]\nmemory_bytes_max = 1073741824\ncpu_percent_max = 150\nprocesses_max = 64';
    const isolation = plan(text, { ...bare, scopes: 'user' });
    if (isolation instanceof AppError) throw isolation;
    const launch = planLaunch({ ...order, isolation }, { XDG_RUNTIME_DIR: '/run/user/1000' });
    expect(launch.line.join(' ')).toBe(
      'systemd-run --user --scope --quiet --unit=wally-x -p MemoryMax=1073741824 -p MemorySwapMax=0 -p CPUQuota=150% -p TasksMax=64 -- env -u XDG_RUNTIME_DIR make all',
    );
    expect(launch.env).toEqual({ A: '1', XDG_RUNTIME_DIR: '/run/user/1000' });
  });

  test('as root the scope changes the user itself', () => {
    const isolation = plan('[isolation]\nuser = "builder"\nscope = true', root);
    if (isolation instanceof AppError) throw isolation;
    const launch = planLaunch({ ...order, isolation }, { XDG_RUNTIME_DIR: '/x' });
    expect(launch).toMatchObject({ user: undefined, env: { A: '1' } });
    expect(launch.line.join(' ')).toBe(
      'systemd-run --scope --quiet --unit=wally-x --uid=1001 --gid=1001 -- make all',
    );
  });
});
