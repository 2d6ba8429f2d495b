/*
 * The hubs that this program looks into: the words after `--hub` made into ways, else the home's own.
 *
 * A word is a home or its socket, the name of a hub that was paired before, or a code that pairs one
 * (`NAME=CODE` to choose its name). A hub that is named is looked into where it runs and never started.
 * Errors: HUB_UNKNOWN, HUB_UNREACHABLE, HOME_SILENT, CONFIG_INVALID, what pairing says.
 */
import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { AppError } from '../../protocol/errors.ts';
import { isInviteLike } from '../../protocol/invite.ts';
import { findHubHome, type HubHome } from '../home.ts';
import type { HubWay } from '../hub/hub-way.ts';
import type { Program } from '../ports.ts';
import { assertAnswers, connectHub } from './connect.ts';
import { isPaired, openPairedWay, pairHub } from './paired-hub.ts';

/** What several are called where they are looked into as one; no hub is called so beside others. */
export const allName = 'all';

/** The ways, in the order of their words; at least one. */
export async function findHubWays(
  program: Program,
  words: readonly string[],
): Promise<readonly HubWay[]> {
  const own = findHubHome(program.env);
  if (words.length === 0) return [{ ...homeWay(program, own), isOwn: true }];
  const ways: HubWay[] = [];
  // One after the other: two codes must not choose the same name.
  for (const word of words) {
    const way = await findWay(program, own, word);
    const known = ways.some((one) => isSameHub(one, way));
    if (!known) ways.push({ ...way, name: freeName(way.name, ways) });
  }
  return ways;
}

async function findWay(program: Program, own: HubHome, word: string): Promise<HubWay> {
  const isPath = word.includes('/') || word.startsWith('.');
  const path = resolve(word);
  await assertAnswers(program, isPath ? path : own.directory);
  if (isInviteLike(word.slice(word.indexOf('=') + 1))) {
    return openPairedWay(program, own, await pairHub(program, own, word));
  }
  if (!isPath && (await isPaired(own, word))) return openPairedWay(program, own, word);
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return homeWay(program, findHubHome({ WALLY_HOME: path }));
  if (found?.isSocket()) return homeWay(program, findHubHome({ WALLY_HOME: dirname(path) }));
  if (isPath) throw new AppError('HUB_UNREACHABLE', `There is no home at ${path}.`);
  throw new AppError('HUB_UNKNOWN', `No hub is paired as "${word}".`);
}

function homeWay(program: Program, home: HubHome): HubWay {
  return {
    name: nameHome(home),
    isOwn: false,
    home,
    connect: () => connectHub(program, home),
    release: async () => undefined,
  };
}

/** The last part of its path, as a word that ids can begin with. */
function nameHome({ directory }: HubHome): string {
  const word = basename(directory)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
  const name = word
    .replace(/^[^a-z]+/, '')
    .replace(/-+$/, '')
    .slice(0, 24);
  return name === '' ? 'hub' : name;
}

function isSameHub(one: HubWay, other: HubWay): boolean {
  if (one.home === undefined || other.home === undefined) {
    return one.home === other.home && one.name === other.name;
  }
  return one.home.directory === other.home.directory;
}

function freeName(name: string, ways: readonly HubWay[]): string {
  const taken = new Set([allName, ...ways.map((way) => way.name)]);
  let free = name;
  for (let number = 2; taken.has(free); number += 1) free = `${name}-${number}`;
  return free;
}
