/*
 * Hub and agent on two networks joined by a cable: nothing is shared but what a real box shares.
 *
 * Needs root and `ip`; left out with the reason where the machine does not allow it.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { InviteShape, StatusShape, TeamRow } from '../../cockpit/verbs/shapes.ts';
import { type NetworkBox, openNetworkPair } from '../kit/network-namespaces.ts';
import { locateProgram } from '../kit/processes.ts';
import { openStage, type Stage } from './stage.ts';

const execute = promisify(execFile);
const opening = await openNetworkPair();
const reason = opening.kind === 'left-out' ? opening.reason : 'namespaces are allowed here';

async function runOn(
  box: NetworkBox,
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<unknown> {
  const [command, ...args] = box.enter([process.execPath, ...words]);
  const whole = { PATH: process.env.PATH ?? '', ...env };
  return JSON.parse((await execute(command, args, { env: whole })).stdout);
}

async function beginOn(stage: Stage, left: NetworkBox): Promise<StatusShape['hub']> {
  stage.configure(stage.home, `[swarm]\nhost = "${left.address}"\n`);
  const up = await runOn(left, [locateProgram('wally'), 'up', '--json'], stage.homes.hub());
  return (up as StatusShape).hub;
}

test.skipIf(opening.kind === 'left-out')(
  `networks: an agent joins over the cable, works while it is cut, and reports after (${reason})`,
  async () => {
    if (opening.kind === 'left-out') return;
    await using pair = opening.pair;
    await using stage = openStage();
    const hub = await beginOn(stage, pair.left);
    expect(hub.address).toMatch(new RegExp(`^${pair.left.address}:\\d+$`));
    const { code } = await stage.ask<InviteShape>('invite');
    const join = [locateProgram('odally'), 'join', code, '--background', '--json'];
    expect(await runOn(pair.right, join, stage.agentEnv('far'))).toMatchObject({ name: 'alice' });
    await stage.untilWorker('alice', ({ link }) => link === 'direct');
    const gate = await stage.gate('cut');
    const { id } = await stage.dispatch(`echo before; ${gate.wait}; echo while it was cut; exit 6`);
    await stage.untilStarted(id);
    await pair.cut();
    await gate.open();
    const silent = await stage.untilWorker('alice', ({ state }) => state === 'stale');
    expect(silent.lastSeenMs).toBeGreaterThan(2000);
    // Silence is not failure: the job stands where it was last heard of.
    expect(await stage.ask('job', id)).toMatchObject({ state: 'started', outcome: null });
    await pair.mend();
    expect(await stage.ended(id)).toMatchObject({
      outcome: 'failed',
      exitCode: 6,
      attemptCount: 1,
    });
    const log = await stage.wally(['logs', id, '-f']);
    expect(log.stdout).toBe('before\nwhile it was cut\n');
    const [alice] = await stage.ask<readonly TeamRow[]>('team');
    expect(alice).toMatchObject({ link: 'direct', state: 'idle', jobs: [] });
  },
);
