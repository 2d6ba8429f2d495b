/*
 * A provider of three commands: a cloud that is a shell script, whose boxes are folders with a home and no
 * network of their own. Agents get onto them by its wrapper, as through `gh codespace ssh`, and are real.
 *
 * What is tried here is what a provider can do to a hub: answer late, answer the wrong thing, lose a box.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { BoxRow } from '../../cockpit/verbs/box-shapes.ts';
import type { EventRow, InboxRow, JobDetail, TeamRow } from '../../cockpit/verbs/shapes.ts';
import { openStage, type Stage } from './stage.ts';

/** An install copies an agent of some megabytes onto the box, on a machine that does other things too. */
const cloudMsMax = 120_000;

let stage: Stage;
let cloud: string;

/**
 * `box up TAG`, `box list`, `box down ID`, `box ssh ID -- COMMAND`. A gate in the cloud holds `up` after the box
 * is there, and a file `broken` makes all of it fail.
 */
const script = `#!/bin/sh
cd "$CLOUD" || exit 9
[ ! -e broken ] || { echo "the cloud is down" >&2; exit 1; }
case "$1" in
  up)
    echo "$2" >> ups
    mkdir -p "boxes/$2"
    if [ -p gate ]; then read go < gate; fi ;;
  list)
    printf '{"items":['
    sep=''
    for box in boxes/*; do
      [ -d "$box" ] || continue
      printf '%s{"id":"%s","labels":{"name":"%s"},"status":"on"}' "$sep" "\${box#boxes/}" "\${box#boxes/}"
      sep=','
    done
    printf ']}' ;;
  down)
    ODALLY_HOME="$CLOUD/boxes/$2/.odally" "boxes/$2/.odally/bin/odally" stop >/dev/null 2>&1
    sleep 0.5
    rm -rf "boxes/$2" ;;
  ssh)
    home="$CLOUD/boxes/$2"
    cd "$home" || exit 255
    exec env -i HOME="$home" PATH="$CLOUD/bin:/usr/bin:/bin" /bin/sh -c "$4" ;;
esac
`;

const config = (rest = '') => `[provider.shell]
up.command = ["box", "up", "{tag}"]
list = { command = ["box", "list"], boxes = "items", id = "id", tag = "labels.name", state = "status", ready = ["on"] }
down.command = ["box", "down", "{id}"]
enter = { via = "wrapper", command = ["box", "ssh", "{id}", "--"] }
env = ["CLOUD"]
look = "500ms"
watch = "2s"
settle = "1s"
${rest}`;

const env = () => ({ CLOUD: cloud, PATH: `${join(cloud, 'bin')}:${process.env.PATH}` });

function write(name: string, text: string): void {
  writeFileSync(join(cloud, 'bin', name), text);
  chmodSync(join(cloud, 'bin', name), 0o755);
}

async function up(): Promise<{ readonly hub: { readonly pid: number } }> {
  return (await stage.wally(['up', '--json'], { env: env() })).json();
}

beforeAll(async () => {
  stage = openStage();
  cloud = stage.path('cloud');
  execFileSync('mkdir', ['-p', join(cloud, 'bin'), join(cloud, 'boxes')]);
  write('box', script);
  write('node', `#!/bin/sh\nexec '${process.execPath}' "$@"\n`);
  stage.configure(stage.home, config());
  await up();
});

afterAll(() => stage.close());

const boxes = () => readdirSync(join(cloud, 'boxes'));
const ups = () => readFileSync(join(cloud, 'ups'), 'utf8').trim().split('\n');

async function until(test: () => boolean | Promise<boolean>): Promise<void> {
  await vi.waitUntil(test, { timeout: cloudMsMax, interval: 200 });
}

const untilState = (name: string, state: string) =>
  until(async () =>
    (await stage.ask<BoxRow[]>('boxes')).some((box) => box.name === name && box.state === state),
  );

async function runsOn(worker: string): Promise<void> {
  const job = await stage.ask<JobDetail>('dispatch', '--on', worker, '--wait', '--', 'pwd');
  expect(job).toMatchObject({ outcome: 'succeeded', worker });
}

test(
  'a wrapper: an agent is installed through it, works, and the box is let go as a whole',
  async () => {
    const words = ['spawn', 'shell', '--wait', '--json'];
    const result = await stage.wally(words, { timeoutMs: cloudMsMax });
    expect(result.status, result.stdout + result.stderr).toBe(0);
    await runsOn('alice');
    expect(boxes()).toHaveLength(1);
    const [tag = ''] = boxes();
    expect(tag).toMatch(/^wally-[0-9a-f]{6}-alice$/);
    const released = await stage.wally(['release', 'alice', '--wait'], { timeoutMs: cloudMsMax });
    expect(released.status, released.stderr).toBe(0);
    expect(boxes()).toEqual([]);
  },
  cloudMsMax,
);

test(
  'a hub that is killed while a box is made adopts it afterwards, and makes no second one',
  async () => {
    execFileSync('mkfifo', [join(cloud, 'gate')]);
    const before = ups().length;
    await stage.ask('spawn', 'shell');
    await until(() => ups().length === before + 1);
    const { hub } = await stage.ask<{ hub: { pid: number } }>('status');
    process.kill(hub.pid, 'SIGKILL');
    rmSync(join(cloud, 'gate'));
    await up();
    await untilState('bob', 'ready');
    await runsOn('bob');
    expect(ups()).toHaveLength(before + 1);
  },
  cloudMsMax,
);

test(
  'a box that its cloud lost is settled: its job is lost by its rules, its worker not trusted',
  async () => {
    const { id } = await stage.dispatch('sleep 300', '--on', 'bob');
    await stage.untilStarted(id);
    const [tag = ''] = boxes();
    // A box that is taken away takes its processes along.
    for (const pid of listProcesses(join(cloud, 'boxes', tag))) process.kill(pid, 'SIGKILL');
    rmSync(join(cloud, 'boxes', tag), { recursive: true });
    expect(await stage.ended(id)).toMatchObject({
      outcome: 'lost',
      reason: 'bob is gone with its box.',
    });
    await until(async () => (await stage.ask<BoxRow[]>('boxes')).length === 0);
    expect((await stage.ask<EventRow[]>('events', '--kind', 'box-vanished'))[0]?.text).toMatch(
      /^the box bob/,
    );
    expect(await stage.ask<TeamRow[]>('team')).toEqual([]);
    expect(await stage.ask<InboxRow[]>('inbox')).toMatchObject([{ kind: 'lost', job: id }]);
  },
  cloudMsMax,
);

test(
  'a cloud that is down: what was not made is asked about, and made once the M2 says so',
  async () => {
    writeFileSync(join(cloud, 'broken'), '');
    await stage.ask('spawn', 'shell', '--name', 'ci');
    await untilState('ci', 'seeking');
    rmSync(join(cloud, 'broken'));
    await untilState('ci', 'stuck');
    const asked = await stage.ask<InboxRow[]>('inbox');
    const row = asked.find(({ kind }) => kind === 'spawn');
    expect(row).toMatchObject({
      title: 'ci of shell',
      reason: expect.stringContaining('the cloud is down'),
    });
    await stage.ask('decide', row?.id ?? '', 'approve');
    await untilState('ci', 'ready');
    await runsOn('ci');
  },
  cloudMsMax,
);

test(
  'a pool whose box came to nothing has nothing under way, and says so',
  async () => {
    await stage.wally(['release', 'ci', '--wait'], { timeoutMs: cloudMsMax });
    await stage.ask('down');
    stage.configure(
      stage.home,
      config('warm = 1\n').replace('"box", "up"', '"no-such-program", "up"'),
    );
    await up();
    await until(async () => {
      const events = await stage.ask<EventRow[]>('events', '--kind', 'box-failed');
      return events.length === 1;
    });
    const [provider] = (await stage.ask<{ name: string; boxes: number }[]>('providers')).filter(
      ({ name }) => name === 'shell',
    );
    expect(provider).toMatchObject({ boxes: 0 });
    expect(boxes()).toEqual([]);
  },
  cloudMsMax,
);

/** Processes whose home is in this folder. */
function listProcesses(home: string): readonly number[] {
  return stage.homes.listProcesses().filter((pid) => {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
    return environment.includes(`ODALLY_HOME=${home}`);
  });
}
