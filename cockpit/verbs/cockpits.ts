/*
 * `wally cockpits` and `wally cockpits revoke`: who looks in from other machines, and the end of that.
 *
 * They come in by `wally invite --cockpit`. Errors: COCKPIT_UNKNOWN.
 */
import { z } from 'zod';
import type { Hub } from '../hub/hub.ts';
import type { CockpitRecord } from '../manager/cockpit.ts';
import type { CockpitRow } from './cockpit-shapes.ts';
import { formatInstant } from './present.ts';
import { showTable } from './text.ts';
import { defineVerb, type Style } from './verb.ts';

/** Everybody who may look in from elsewhere. */
export const cockpitsVerb = defineVerb({
  name: 'cockpits',
  summary: 'list the cockpits on other machines',
  operands: [],
  flags: {},
  danger: 'looks',
  args: z.object({}),
  run: async ({ hub }) => hub.cockpits.list().map((cockpit) => presentCockpit(hub, cockpit)),
  show: showCockpits,
});

/** The end of trust in one of them. */
export const cockpitsRevokeVerb = defineVerb({
  name: 'cockpits revoke',
  summary: 'end the trust in a cockpit and its connections at once',
  operands: ['cockpit'],
  flags: {},
  danger: 'destroys',
  args: z.object({ cockpit: z.string() }),
  async run({ hub }, { cockpit: name }): Promise<CockpitRow> {
    const cockpit = hub.cockpits.getByName(name);
    await hub.cockpits.revoke(cockpit);
    return presentCockpit(hub, cockpit);
  },
  show: (row) => `${row.name} is no longer trusted.`,
});

function presentCockpit(hub: Hub, { key, name, host, pairedAt, lastSeenAt }: CockpitRecord) {
  return {
    name,
    host,
    links: hub.cockpits.countLinks(key),
    pairedAt: formatInstant(pairedAt),
    lastSeenAt: lastSeenAt === null ? null : formatInstant(lastSeenAt),
    key,
  };
}

function showCockpits(rows: readonly CockpitRow[], style: Style): string {
  if (rows.length === 0)
    return 'No cockpit on another machine is paired. Run `wally invite --cockpit`.';
  const cells = rows.map(({ name, host, links, pairedAt, lastSeenAt }) => {
    return [name, host, links === 0 ? '-' : String(links), lastSeenAt ?? 'never', pairedAt];
  });
  return showTable(['NAME', 'HOST', 'LINKS', 'LAST CAME', 'PAIRED'], cells, style);
}
