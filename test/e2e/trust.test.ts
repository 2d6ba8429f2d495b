/*
 * The box keeps the last word, with real programs: its policy, and what leaves in logs.
 */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { InboxRow, JobDetail } from '../../cockpit/verbs/shapes.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = openStage();
  await stage.up();
});

afterAll(() => stage.close());
afterEach(() => write(''));

function write(text: string): void {
  writeFileSync(join(stage.localHome, 'policy.toml'), text);
}

async function run(...words: readonly string[]): Promise<JobDetail> {
  return (await stage.wally(['dispatch', '--json', '--wait', ...words])).json<JobDetail>();
}

test('policy: a rule that is written holds at once, names itself everywhere, and gone it is forgotten', async () => {
  write('[commands]\ndeny = ["curl *"]\n');
  const refused = await run('--', 'echo a; curl example.org');
  expect(refused).toMatchObject({
    outcome: 'refused',
    attempts: [{ reason: 'policy.toml: commands.deny[0] "curl *".' }],
  });
  const inbox = await stage.ask<readonly InboxRow[]>('inbox');
  expect(inbox.find(({ job }) => job === refused.id)?.kind).toBe('refused');
  const told = await stage.untilWorker('alice', ({ policy }) => policy?.is === 'ruled');
  expect(told.policy?.lines).toEqual(['commands: not curl *']);
  expect((await stage.wally(['team', 'show', 'alice'])).stdout).toContain('commands: not curl *');
  write('');
  expect(await run('--', 'echo a')).toMatchObject({ outcome: 'succeeded' });
});

test('policy: a broken file shuts the box and says where; what runs goes on', async () => {
  const gate = await stage.gate('broken');
  const { id } = await stage.dispatch(gate.wait);
  await stage.untilStarted(id);
  write('[work]\nkind = ["command"]\n');
  const refused = await run('--', 'true');
  expect(refused.outcome).toBe('refused');
  expect(refused.attempts[0]?.reason).toContain(
    'policy.toml: line 2, work.kind: there is no such field',
  );
  await gate.open();
  expect(await stage.ended(id)).toMatchObject({ outcome: 'succeeded' });
});

test('policy: a link leads out of no root, and a terminal is refused by its rule', async () => {
  const root = join(realpathSync(stage.homes.root), 'root');
  mkdirSync(root);
  symlinkSync('/etc', join(root, 'etc'));
  write(`[work]\nkinds = ["command"]\n[directories]\nroots = ["${root}"]\n`);
  const out = await run('--cwd', join(root, 'etc'), '--', 'ls');
  expect(out).toMatchObject({ outcome: 'refused' });
  expect(out.attempts[0]?.reason).toContain('directories.roots has nothing above "/etc"');
  expect(await run('--cwd', root, '--', 'pwd')).toMatchObject({ outcome: 'succeeded' });
  const checked = await stage.odally('local', ['policy', 'check', '--json', '--', 'ls']);
  expect(checked.json()).toEqual({ decision: 'allowed', by: 'no rule is against it' });
});

test('secrets: a value is in no log, no answer and no file of the hub’s but its store', async () => {
  const value = 'correct-horse+battery';
  const command =
    'echo "is $TOKEN"; printf %s "$TOKEN" | base64; printf "cor"; sleep 0.2; echo "rect-horse+battery" >&2';
  const result = await stage.wally(
    ['dispatch', '--json', '--wait', '--secret', 'TOKEN', '--', command],
    {
      env: { TOKEN: value },
    },
  );
  const job = result.json<JobDetail>();
  expect(job.outcome).toBe('succeeded');
  const log = (await stage.wally(['logs', job.id])).stdout;
  expect(log).toContain('is [redacted TOKEN]\n[redacted TOKEN]');
  // On two streams these are no secret.
  expect(log).toContain('rect-horse+battery');
  const shown = await Promise.all(
    [
      ['job', job.id, '--json'],
      ['jobs', '--json'],
      ['events', '--json'],
      ['export'],
      ['status', '--json'],
    ].map(async (words) => (await stage.wally(words)).stdout),
  );
  for (const text of [...shown, result.stdout, result.stderr]) expect(text).not.toContain(value);
  for (const folder of [join(stage.home, 'logs'), join(stage.localHome, 'logs')]) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      expect(readFileSync(join(entry.parentPath, entry.name), 'latin1')).not.toContain(value);
    }
  }
  expect(await stage.wally(['retry', job.id, '--json'])).toMatchObject({ status: 0 });
});

test.runIf(process.getuid?.() === 0)(
  'isolation: work of another user reads no key, what goes over a limit says so, and both sides say what holds',
  async () => {
    write('[isolation]\nuser = "nobody"\nhide_key = true\n[limits]\nprocesses_max = 6\n');
    const key = join(stage.localHome, 'odally.key');
    const job = await run('--', `id -un; cat ${key} || echo shut`);
    const log = (await stage.wally(['logs', job.id])).stdout;
    expect(log).toMatch(/^nobody\n/);
    expect(log).toMatch(/^shut$/m);
    const crowd = await run('--', 'for i in 1 2 3 4 5 6 7 8 9; do sleep 60 & done; wait');
    expect(crowd).toMatchObject({ outcome: 'failed' });
    expect(crowd.attempts[0]?.reason).toContain('policy.toml: limits.processes_max = 6; it had ');
    const line = 'work runs as nobody, who cannot read the key';
    expect((await stage.odally('local', ['status'])).stdout).toContain(line);
    await stage.untilWorker('alice', ({ policy }) => policy?.lines.includes(line) === true);
    expect((await stage.odally('local', ['doctor'])).stdout).not.toMatch(/isolation|key-in-reach/);
    write('[isolation]\nuser = "no-such-user"\n');
    expect(await run('--', 'true')).toMatchObject({ outcome: 'refused' });
  },
);
