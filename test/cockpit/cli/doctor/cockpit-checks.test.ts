/*
 * The checks of a cockpit's own files and terminal, each broken for real.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { addCockpit, nameLooked } from '../../../../cockpit/cli/doctor/ask-doctor.ts';
import type { Program } from '../../../../cockpit/ports.ts';
import { readTmuxAnswer, tmuxQuestion } from '../../../../cockpit/tui/state/terminal-checks.ts';
import { doctorVerb } from '../../../../cockpit/verbs/doctor.ts';
import type { CheckRow, DoctorAnswer } from '../../../../protocol/doctor.ts';
import { openSystemPorts } from '../../../../protocol/ports.ts';
import { type Trial, tryChecks } from '../../../kit/doctor-trial.ts';
import { bareBox } from '../../../store/doctor/fake-box.ts';
import { createDirectory } from '../../../store/place.ts';
import { type CockpitPatient, openCockpitPatient, soundTerminal } from './cockpit-patient.ts';

let socket: string | undefined;
let server: number | undefined;

afterEach(() => {
  // By its number: its socket went with the home.
  if (server !== undefined) process.kill(server);
  server = undefined;
});

function tmux(...words: readonly string[]): string {
  return execFileSync('tmux', ['-S', socket ?? '', '-f', '/dev/null', ...words], {
    encoding: 'utf8',
    env: { ...process.env, TMUX: '' },
  });
}

function whyNoTmux(): string | undefined {
  try {
    execFileSync('tmux', ['-V']);
    return undefined;
  } catch {
    return 'there is no tmux here';
  }
}

/** A tmux of its own with this option; the cockpit's terminal is a window of it. */
function startTmux(patient: CockpitPatient, ...option: readonly string[]): void {
  socket = join(patient.home.directory, 'tmux');
  tmux('new-session', '-d', 'sleep 1000');
  server = Number(tmux('display-message', '-p', '#{pid}'));
  for (const sound of [
    ['escape-time', '20'],
    ['set-clipboard', 'on'],
    ['focus-events', 'on'],
  ]) {
    tmux('set', '-s', ...sound);
  }
  tmux('set', '-s', ...option);
  patient.env = { ...process.env, TMUX: `${socket},1,0` };
  patient.look = async () => ({
    ...{ ...soundTerminal, term: 'tmux-256color', isInTmux: true },
    tmux: readTmuxAnswer(tmux('display-message', '-p', tmuxQuestion)),
  });
}

async function findAside({ home }: CockpitPatient, prefix: string): Promise<string> {
  const names = await readdir(home.directory);
  return join(home.directory, names.find((name) => name.startsWith(prefix)) ?? 'nothing');
}

const keysFile = '[keys]\ndispatch = "ctrl-y"\nfly = "x"\nretry = "no-such-key"\n\n[locks]\n';

const trials: Record<string, Trial<CockpitPatient>> = {
  'keymap-unreadable': {
    breaks: ({ home }) => writeFile(home.keys, '[keys'),
    seen: /keys.toml is not valid TOML at line 1/,
    fix: 'here',
    after: async (patient) =>
      expect(await readFile(await findAside(patient, 'keys.toml.aside-'), 'utf8')).toBe('[keys'),
  },
  'keymap-conflicts': {
    breaks: ({ home }) => writeFile(home.keys, keysFile),
    seen: /there is no table \[locks\][\s\S]*there is no command "fly"[\s\S]*retry: keys are/,
    fix: 'here',
    after: async (patient) => {
      expect(await readFile(patient.home.keys, 'utf8')).toBe('[keys]\ndispatch = "ctrl-y"\n');
      expect(await readFile(await findAside(patient, 'keys.toml.aside-'), 'utf8')).toBe(keysFile);
      expect((await readdir(patient.home.directory)).length).toBe(2);
    },
  },
  'history-damaged': {
    breaks: ({ home }) => writeFile(home.history, '{"command":["a"]}\n{"comm\n'),
    seen: /1 lines of .*history cannot be read/,
    fix: 'here',
    after: async (patient) => {
      expect(await readFile(patient.home.history, 'utf8')).toBe('{"command":["a"]}\n');
      const aside = await readFile(await findAside(patient, 'history.aside-'), 'utf8');
      expect(aside).toContain('{"comm\n');
    },
  },
  'hub-pairing-damaged': {
    breaks: async ({ home }) => {
      await mkdir(join(home.hubs, 'office'), { recursive: true });
      await writeFile(join(home.hubs, 'office', 'hub.json'), '{');
      await writeFile(join(home.hubs, 'office', 'cockpit.key'), 'ab'.repeat(32));
    },
    seen: /pairing with "office" .* is damaged/,
    fix: 'here',
    after: async (patient) => {
      const aside = await findAside(patient, 'hub-office.aside-');
      expect((await readFile(join(aside, 'cockpit.key'), 'utf8')).length).toBe(64);
    },
  },
  'tmux-escape-time': {
    skipped: whyNoTmux(),
    breaks: (patient) => startTmux(patient, 'escape-time', '500'),
    seen: /holds esc back for 500 ms/,
    fix: 'here',
  },
  'tmux-clipboard': {
    skipped: whyNoTmux(),
    breaks: (patient) => startTmux(patient, 'set-clipboard', 'external'),
    seen: /set-clipboard is external/,
    fix: 'here',
  },
  'tmux-focus-events': {
    skipped: whyNoTmux(),
    breaks: (patient) => startTmux(patient, 'focus-events', 'off'),
    seen: /focus-events is off/,
    fix: 'here',
  },
};

describe('doctor of a cockpit', () => {
  tryChecks(openCockpitPatient, trials);

  test('cockpit: a fresh home has no finding, and a terminal that is none is not judged', async () => {
    const patient = await openCockpitPatient();
    expect(await patient.diagnose({ mode: 'look' })).toEqual({ findings: [], fixed: [] });
    patient.look = async () => null;
    expect(await patient.diagnose({ mode: 'look' })).toEqual({ findings: [], fixed: [] });
    await patient.close();
  });

  test('hub-pairing-damaged: a pairing that was only begun, and one set aside, are none', async () => {
    const patient = await openCockpitPatient();
    await mkdir(join(patient.home.hubs, 'begun'), { recursive: true });
    expect((await patient.diagnose({ mode: 'look' })).findings).toEqual([]);
    await patient.close();
  });
});

describe('wally doctor on the asker’s side', () => {
  async function ask(args: Readonly<Record<string, unknown>>, said: unknown) {
    const { path, remove } = await createDirectory();
    await writeFile(join(path, 'keys.toml'), '[keys');
    const program = {
      ...{ env: { WALLY_HOME: path }, openBox: async () => bareBox, ports: openSystemPorts() },
      ...{ isTerminal: false, say: () => undefined },
    } as unknown as Program;
    const answer = await addCockpit(program, args, said);
    await remove();
    return answer;
  }
  const finding = { seen: 's', wanted: 'w', advice: 'a' };
  const said: DoctorAnswer = {
    findings: [
      { id: 'bad', severity: 'error', ...finding },
      { id: 'odd', severity: 'warning', ...finding },
    ],
    fixed: [],
  };
  const ids = (answer: unknown) => (answer as DoctorAnswer).findings.map(({ id }) => id);

  test('asker: its own findings come after the errors of the hub, and not where workers were asked', async () => {
    expect(ids(await ask({}, said))).toEqual(['bad', 'odd', 'keymap-unreadable']);
    expect(ids(await ask({ area: 'terminal' }, said))).toEqual(['bad', 'odd']);
    expect(await ask({ on: ['alice'] }, said)).toBe(said);
    expect(ids(await ask({ all: true }, said))).toContain('keymap-unreadable');
  });

  test('asker: people read what was looked at, where it was not all', () => {
    const sound: DoctorAnswer = { findings: [], fixed: [] };
    const read = (args: Readonly<Record<string, unknown>>) =>
      doctorVerb.show(nameLooked(args, sound), undefined as never);
    expect(read({})).toBe('Nothing is wrong with Wally.');
    expect(read({ area: 'store' })).toBe('Nothing is wrong with Wally (area store alone).');
    expect(read({ on: ['alice'] })).toBe('Nothing is wrong with alice.');
    expect(read({ on: ['alice'], all: true })).toBe('Nothing is wrong with Wally.');
    expect(nameLooked({ list: true }, [])).toEqual([]);
  });

  test('asker: a check that nobody has is refused, and one of anybody’s is not', async () => {
    const wish = (only: string) => ask({ fix: true, only }, said);
    await expect(wish('moon')).rejects.toMatchObject({ code: 'USAGE_ARGUMENT' });
    for (const id of ['store-locked', 'agent-down', 'tmux-term']) {
      expect(ids(await wish(id))).toContain('bad');
    }
  });

  test('asker: what it would mend is planned, and what it mends is said', async () => {
    const dry = (await ask({ 'dry-run': true }, { ...said, planned: [] })) as DoctorAnswer;
    expect(dry.planned?.map(({ id }) => id)).toEqual(['keymap-unreadable']);
    const fixed = (await ask({ fix: true }, said)) as DoctorAnswer;
    expect(fixed.fixed.map(({ id }) => id)).toEqual(['keymap-unreadable']);
    expect(fixed).not.toHaveProperty('planned');
  });

  test('asker: the list has its own checks too, each once', async () => {
    const row: CheckRow = { id: 'doctor-blind', title: 't', area: 'box', fix: false };
    const rows = (await ask({ list: true }, [row])) as readonly CheckRow[];
    expect(rows.filter(({ id }) => id === 'doctor-blind')).toEqual([row]);
    expect(rows.map(({ id }) => id)).toContain('tmux-clipboard');
  });
});
