/*
 * Qualified names: what a hub says gets its name, what it is asked loses it again.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { qualify, routeArgs } from '../../../cockpit/hub/qualify.ts';

const hubs = new Set(['work', 'home']);

describe('qualify', () => {
  test('qualify: ids and workers get the hub’s name, at any depth, and nothing else does', () => {
    const job = {
      id: 'J12',
      title: 'J12 of alice',
      parent: null,
      worker: 'alice',
      command: ['J1'],
      labels: { job: 'J7' },
      attempts: [{ id: 'J12.1', worker: 'bob', host: 'J3' }],
      children: [{ id: 'J13', parent: 'J12' }],
      artifacts: [{ attempt: 'J12.1', path: 'J1' }],
    };
    expect(qualify(job, 'work')).toEqual({
      ...job,
      id: 'work:J12',
      worker: 'work:alice',
      attempts: [{ id: 'work:J12.1', worker: 'work:bob', host: 'J3' }],
      children: [{ id: 'work:J13', parent: 'work:J12' }],
      artifacts: [{ attempt: 'work:J12.1', path: 'J1' }],
    });
    expect(qualify([{ name: 'alice', jobs: ['J1', 'J2'], link: 'none' }], 'home')).toEqual([
      { name: 'home:alice', jobs: ['home:J1', 'home:J2'], link: 'none' },
    ]);
  });

  test('qualify: the id of a check is no id of a hub’s', () => {
    const answer = { findings: [{ id: 'home-modes', seen: 'J1' }], fixed: [] };
    expect(qualify(answer, 'work')).toEqual(answer);
  });

  test('qualify: what it gives leads back to the same hub, and is what the hub had said', () => {
    const words = fc.constantFrom('J1', 'J12.3', 'D4');
    void fc.assert(
      fc.property(fc.constantFrom(...hubs), words, (hub, id) => {
        const { job, jobs } = qualify({ job: id, jobs: [id] }, hub);
        expect(routeArgs({ job, jobs }, hubs)).toEqual({ hub, args: { job: id, jobs: [id] } });
      }),
    );
  });
});

describe('route', () => {
  test('route: arguments that name a hub go there without its name, wherever they name it', () => {
    const named = { job: 'work:J12', on: ['work:alice', 'bob'], timeout: '3s', follow: true };
    expect(routeArgs(named, hubs)).toEqual({
      hub: 'work',
      args: { job: 'J12', on: ['alice', 'bob'], timeout: '3s', follow: true },
    });
  });

  test('route: what names no hub, or one that is not there, is left as it is', () => {
    const args = { job: 'J12', name: 'other:alice', text: [':x', 'a:'] };
    expect(routeArgs(args, hubs)).toEqual({ hub: undefined, args });
  });

  test('route: somebody’s own words name no hub', () => {
    const args = { command: ['work:J1'], grep: 'work:error', cwd: 'work:/srv' };
    expect(routeArgs(args, hubs)).toEqual({ hub: undefined, args });
  });

  test('route: arguments that name several hubs are refused', () => {
    expect(() => routeArgs({ jobs: ['work:J1', 'home:J1'] }, hubs)).toThrow(
      expect.objectContaining({ code: 'USAGE_ARGUMENT' }),
    );
  });
});
