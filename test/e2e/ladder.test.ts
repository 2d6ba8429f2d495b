/*
 * Hub and agent on two networks between which UDP is dropped and comes back: the link falls to ssh and climbs
 * again, with real programs, a real OpenSSH, and work that goes on all the while.
 *
 * Needs root, `ip`, `nft` and sshd; left out with the reason where the machine does not allow it.
 */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import type { EventRow, InviteShape, StatusShape } from '../../cockpit/verbs/shapes.ts';
import {
  blockUdp,
  findNoFilter,
  moveTo,
  type NetworkSshd,
  serveSsh,
  unblockUdp,
} from '../kit/box-network.ts';
import { type NetworkBox, type NetworkPair, openNetworkPair } from '../kit/network-namespaces.ts';
import { locateProgram } from '../kit/processes.ts';
import { findNoSshd, openSshStage, type SshBox } from '../kit/ssh-box.ts';
import { openStage, type Stage } from './stage.ts';

const execute = promisify(execFile);
const opening = await openNetworkPair();
if (opening.kind === 'open') await opening.pair.close();
const lacking = opening.kind === 'left-out' ? opening.reason : (findNoSshd() ?? findNoFilter());
const reason = lacking ?? 'namespaces, nft and sshd are there';
const isLeftOut = lacking !== undefined;

async function openPair(): Promise<NetworkPair> {
  const opened = await openNetworkPair();
  if (opened.kind === 'open') return opened.pair;
  throw new Error(opened.reason);
}

/** A hub on one network, and an agent on a box that ssh gets onto, on the other. */
interface Scene {
  readonly sshd: NetworkSshd;
  readonly hub: StatusShape['hub'];
  /** What follows `[swarm]` in the hub's config. */
  readonly config: string;
  readonly agentEnv: Readonly<Record<string, string>>;
  /** Runs a program of ours on a network; its JSON. */
  on(
    where: NetworkBox,
    words: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<unknown>;
}

async function setUp(stage: Stage, pair: NetworkPair): Promise<Scene> {
  const ssh = openSshStage(stage.path('ssh'));
  const box = await ssh.openBox('box');
  const sshd = await serveSsh(box, pair.right);
  const command = JSON.stringify([...ssh.command, ...sshd.options]);
  const config = `host = "0.0.0.0"\n[ssh]\ncommand = ${command}\n`;
  stage.configure(stage.home, `[swarm]\n${config}`);
  writeLauncher(box);
  const on: Scene['on'] = async (where, words, env) => {
    const [file, ...args] = where.enter([process.execPath, ...words]);
    const { stdout } = await execute(file, args, { env: { PATH: process.env.PATH ?? '', ...env } });
    return JSON.parse(stdout);
  };
  const up = await on(pair.left, [locateProgram('wally'), 'up', '--json'], stage.homes.hub());
  const { code } = await stage.ask<InviteShape>('invite');
  const env = { HOME: box.home, ODALLY_HOME: box.odallyHome };
  await on(pair.right, [locateProgram('odally'), 'join', code, '--background', '--json'], env);
  await stage.untilWorker('alice', ({ link }) => link === 'direct');
  await stage.ask('reach', 'alice', box.target);
  return { sshd, on, config, agentEnv: env, hub: (up as StatusShape).hub };
}

/** What `install` puts there: the launcher by which ssh finds the agent's program. */
function writeLauncher(box: SshBox): void {
  const bin = join(box.odallyHome, 'bin');
  mkdirSync(bin, { recursive: true, mode: 0o700 });
  const launcher = join(bin, 'odally');
  writeFileSync(
    launcher,
    `#!/bin/sh\nexec '${process.execPath}' '${locateProgram('odally')}' "$@"\n`,
  );
  chmodSync(launcher, 0o755);
}

const listLinkEvents = async (stage: Stage): Promise<readonly string[]> => {
  const rows = await stage.ask<readonly EventRow[]>('events', '--kind', 'link');
  return rows.map(({ kind }) => kind);
};

test.skipIf(isLeftOut)(
  `ladder: when UDP is dropped the link falls to ssh and climbs back, and no work is hurt (${reason})`,
  async () => {
    await using pair = await openPair();
    await using stage = openStage();
    const { sshd } = await setUp(stage, pair);
    const gate = await stage.gate('all');
    // It says a number all the while, so that a hole in the log would show.
    const counting =
      'i=0; while [ $i -lt 4000 ]; do i=$((i+1)); echo $i; [ $((i % 40)) -eq 0 ] && sleep 0.2; done';
    const long = await stage.dispatch(`${counting}; ${gate.wait}; echo over`);
    await stage.untilStarted(long.id);

    await blockUdp(pair.right);
    const fallen = await stage.untilWorker('alice', ({ link }) => link === 'ssh');
    expect(fallen).toMatchObject({ state: 'working', linkReason: null });
    const meanwhile = await stage.dispatch('echo over ssh; exit 3');
    expect(await stage.ended(meanwhile.id)).toMatchObject({ outcome: 'failed', exitCode: 3 });

    // An ssh that is cut is opened again; the agent that it led to is the same one.
    sshd.endSessions();
    await stage.untilWorker('alice', ({ link }) => link === 'none');
    await stage.untilWorker('alice', ({ link }) => link === 'ssh');

    await unblockUdp(pair.right);
    await stage.untilWorker('alice', ({ link }) => link === 'direct');
    await gate.open();
    expect(await stage.ended(long.id)).toMatchObject({ outcome: 'succeeded', attemptCount: 1 });
    const log = await stage.wally(['logs', long.id, '-f']);
    const numbers = Array.from({ length: 4000 }, (_, index) => String(index + 1));
    expect(log.stdout.trim().split('\n')).toEqual([...numbers, 'over']);
    expect(await listLinkEvents(stage)).toEqual(['link-ssh', 'link-direct']);

    // Where ssh fails too, the link is blocked, and says how each failed.
    await sshd.close();
    await blockUdp(pair.right);
    const blocked = await stage.untilWorker('alice', ({ link }) => link === 'blocked');
    expect(blocked.linkReason).toMatch(/^the direct link fell silent; ssh: .*Connection refused/);
    await unblockUdp(pair.right);
    await stage.untilWorker('alice', ({ link }) => link === 'direct');
    expect((await listLinkEvents(stage)).slice(2)).toEqual(['link-blocked', 'link-direct']);
  },
  180_000,
);

test.skipIf(isLeftOut)(
  `ladder: a hub that moved to another address and other ports is found again, by way of ssh (${reason})`,
  async () => {
    await using pair = await openPair();
    await using stage = openStage();
    const { on, config } = await setUp(stage, pair);
    const gate = await stage.gate('move');
    const { id } = await stage.dispatch(`echo before; ${gate.wait}; echo after; exit 4`);
    await stage.untilStarted(id);
    await stage.ask('down');
    const left = await moveTo(pair.left, '10.213.7.9');
    stage.configure(stage.home, `[swarm]\nport = 41001\nrendezvous_port = 41002\n${config}`);
    await on(left, [locateProgram('wally'), 'up', '--json'], stage.homes.hub());
    // Nothing that the agent knows of the hub is true any more; the hub knows the way to it.
    await stage.untilWorker('alice', ({ link }) => link === 'ssh');
    await stage.untilWorker('alice', ({ link }) => link === 'direct');
    await gate.open();
    expect(await stage.ended(id)).toMatchObject({
      outcome: 'failed',
      exitCode: 4,
      attemptCount: 1,
    });
    expect((await stage.wally(['logs', id, '-f'])).stdout).toBe('before\nafter\n');
  },
);

test.skipIf(isLeftOut)(
  `ladder: a box that got another address, and a hub that slept, are linked again by themselves (${reason})`,
  async () => {
    await using pair = await openPair();
    await using stage = openStage();
    const { hub, on, agentEnv } = await setUp(stage, pair);
    await stage.ask('reach', 'alice', '--no-ssh');
    const gate = await stage.gate('roam');
    const { id } = await stage.dispatch(`${gate.wait}; ${gate.wait}; echo all of it`);
    await stage.untilStarted(id);
    await moveTo(pair.right, '10.213.7.3');
    const roamed = await stage.dispatch('echo from elsewhere');
    expect(await stage.ended(roamed.id)).toMatchObject({ outcome: 'succeeded', attemptCount: 1 });
    await gate.open();
    process.kill(hub.pid, 'SIGSTOP');
    const status = [locateProgram('odally'), 'status', '--json'];
    // Nobody but the agent can be asked while the hub sleeps.
    await vi.waitUntil(
      async () => /dialling/.test(JSON.stringify(await on(pair.right, status, agentEnv))),
      { timeout: 20_000, interval: 500 },
    );
    process.kill(hub.pid, 'SIGCONT');
    await stage.untilWorker('alice', ({ link, state }) => link === 'direct' && state !== 'stale');
    await gate.open();
    expect(await stage.ended(id)).toMatchObject({ outcome: 'succeeded', attemptCount: 1 });
    expect(await listLinkEvents(stage)).toEqual([]);
  },
);
