/*
 * What keeps one unit running on a throw-away box: `box-runner STATE NAME FILE`, started by `box-tool.sh`.
 *
 * It reads the unit or the property list as it was written, with the quoting of its kind, gives the
 * program only the environment that is said there, and starts it again after a failure.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

interface Plan {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly log: string;
}

const [, , state = '', name = '', file = ''] = process.argv;
const stopFile = join(state, `${name}.stop`);
/** As systemd would give up: far fewer than it, so that a test sees it. */
const deathsMax = 10;

function readUnit(text: string): Plan {
  const lines = text.split('\n');
  const values = (key: string) =>
    lines.flatMap((line) => (line.startsWith(`${key}=`) ? [line.slice(key.length + 1)] : []));
  const pairs = values('Environment').flatMap(unquote);
  return {
    command: unquote(values('ExecStart')[0] ?? '').map((word) => word.replaceAll('$$', '$')),
    env: Object.fromEntries(pairs.map((pair) => cut(pair))),
    log: (values('StandardOutput')[0] ?? '').replace('append:', '').replaceAll('%%', '%'),
  };
}

function unquote(text: string): readonly string[] {
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, bare]) =>
    (quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '').replaceAll('%%', '%'),
  );
}

function cut(pair: string): [string, string] {
  const at = pair.indexOf('=');
  return [pair.slice(0, at), pair.slice(at + 1)];
}

function readPlist(text: string): Plan {
  const part = (key: string, end: string) =>
    text.slice(text.indexOf(`<key>${key}</key>`)).split(end)[0] ?? '';
  const values = (within: string, tag: string) =>
    [...within.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, 'g'))].map(([, value = '']) =>
      value.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'),
    );
  const settings = part('EnvironmentVariables', '</dict>');
  const [, ...names] = values(settings, 'key');
  const given = values(settings, 'string');
  return {
    command: values(part('ProgramArguments', '</array>'), 'string'),
    env: Object.fromEntries(names.map((key, index) => [key, given[index] ?? ''])),
    log: values(part('StandardOutPath', '\n  <key>'), 'string')[0] ?? '',
  };
}

/** Resolves with how it ended; it is asked to end when somebody wants the unit stopped. */
function untilEnd(child: ChildProcess): Promise<number | string | null> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (existsSync(stopFile)) child.kill('SIGTERM');
    }, 50);
    const end = (how: number | string | null) => {
      clearInterval(timer);
      resolve(how);
    };
    child.once('exit', (status, signal) => end(signal ?? status));
    child.once('error', ({ message }) => end(message));
  });
}

async function run({ command, env, log }: Plan): Promise<void> {
  const [program = '', ...words] = command;
  const base = { HOME: process.env.HOME, USER: 'somebody', PATH: '/usr/bin:/bin' };
  for (let deaths = 0; deaths < deathsMax; deaths += 1) {
    const out = openSync(log, 'a');
    const child = spawn(program, words, { stdio: ['ignore', out, out], env: { ...base, ...env } });
    const how = await untilEnd(child);
    if (existsSync(stopFile) || how === 0) return;
    if (how === 2) break;
    appendFileSync(log, `the manager of this box: ended with ${how}, starting it again\n`);
    await sleep(100);
  }
  writeFileSync(join(state, `${name}.failed`), '');
}

const text = readFileSync(file, 'utf8');
await run(name.endsWith('.service') ? readUnit(text) : readPlist(text));
