/*
 * What panes are called, in tabs and in the palette. Data only.
 *
 * One word each: it must fit into a tab of forty columns.
 */
import type { PaneId } from './layout.ts';

const titles: Readonly<Record<PaneId, string>> = {
  team: 'Team',
  jobs: 'Jobs',
  log: 'Log',
  inbox: 'Inbox',
  doctor: 'Doctor',
  events: 'Events',
};

/** The name of a pane. */
export function paneTitle(pane: PaneId): string {
  return titles[pane];
}
