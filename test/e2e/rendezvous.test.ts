/*
 * Hub and agent that can't reach each other, and a rendezvous with a relay that both reach: they pair and work
 * through it, and go on directly once there is a road.
 *
 * Needs root and `ip`; left out with the reason where the machine does not allow it.
 */
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { EventRow, InviteShape } from '../../cockpit/verbs/shapes.ts';
import type { NetworkBox } from '../kit/network-namespaces.ts';
import { locateProgram } from '../kit/processes.ts';
import { openThreeNetworks } from '../kit/three-networks.ts';
import { openStage, type Stage } from './stage.ts';

const execute = promisify(execFile);
const opening = await openThreeNetworks();
const reason = typeof opening === 'string' ? opening : 'namespaces are allowed here';

async function runOn(
  box: NetworkBox,
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<unknown> {
  const [file, ...args] = box.enter([process.execPath, ...words]);
  // What went wrong is said on stdout, which an error of `execute` does not tell.
  const { stdout } = await execute(file, args, {
    env: { PATH: process.env.PATH ?? '', ...env },
  }).catch((thrown: { readonly stdout?: string }) => {
    throw new Error(`${words.slice(1, 2)}: ${thrown.stdout}`, { cause: thrown });
  });
  return JSON.parse(stdout);
}

/** `wally rendezvous` on a box; resolves with what it prints. The stage ends it. */
function startRendezvous(stage: Stage, box: NetworkBox): Promise<{ readonly config: string }> {
  const words = ['rendezvous', '--host', box.address, '--relay', '--json'];
  const [file, ...args] = box.enter([process.execPath, locateProgram('wally'), ...words]);
  const env = { PATH: process.env.PATH ?? '', ...stage.homes.hub('meeting') };
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.stdout.once('data', (line) => resolve(JSON.parse(String(line))));
    child.once('exit', (code) => reject(new Error(`the rendezvous ended with ${code}`)));
  });
}

test.skipIf(typeof opening === 'string')(
  `rendezvous: two that can’t reach each other work through a relay, and directly once there is a road (${reason})`,
  async () => {
    if (typeof opening === 'string') return;
    await using networks = opening;
    await using stage = openStage();
    const { left, middle, right } = networks;
    const { config } = await startRendezvous(stage, middle);
    stage.configure(stage.home, `${config}\nhost = "0.0.0.0"\n`);
    await runOn(left, [locateProgram('wally'), 'up', '--json'], stage.homes.hub());
    const { code } = await stage.ask<InviteShape>('invite');
    const join = [locateProgram('odally'), 'join', code, '--background', '--json'];
    expect(await runOn(right, join, stage.agentEnv('far'))).toMatchObject({ name: 'alice' });
    await stage.untilWorker('alice', ({ link }) => link === 'relayed');
    const { id } = await stage.dispatch('seq 1 20000; exit 5');
    expect(await stage.ended(id)).toMatchObject({ outcome: 'failed', exitCode: 5 });
    const log = await stage.wally(['logs', id, '-f']);
    expect(log.stdout.trim().split('\n')).toHaveLength(20_000);
    await networks.openRoads();
    await stage.untilWorker('alice', ({ link }) => link === 'direct');
    const rows = await stage.ask<readonly EventRow[]>('events', '--kind', 'link');
    expect(rows.map(({ kind }) => kind)).toEqual(['link-relayed', 'link-direct']);
  },
  120_000,
);
