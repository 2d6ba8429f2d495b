/*
 * Details of Wally's hub: which process it is, since when, and what it has in hand. Pure.
 *
 * Only what the hub has told; without it the last word stands, and the header says that it is gone.
 */
import type { State } from '../state/model.ts';
import { fact, factRows } from './facts.ts';
import { clockText, uptimeText } from './phrases.ts';
import { type Row, span } from './row.ts';
import { tallyJobs, tallyTeam } from './tally.ts';

/** Every row at this width. */
export function hubRows(state: State, width: number): readonly Row[] {
  const { hub } = state;
  if (hub === undefined) return [[span('Asking the hub…', 'dim')]];
  const { live, known, silent } = tallyTeam(state.team);
  const { running, waiting } = tallyJobs(state.jobs);
  const up = uptimeText(hub, state.wallMs);
  return [
    fact('version', [span(hub.version)]),
    fact('up', [span(`${up}, since ${clockText(hub.startedAt, state.zoneMinutes)}`)]),
    fact('process', [span(String(hub.pid))]),
    ...factRows('home', hub.home, width),
    ...factRows('address', hub.address === '' ? 'none' : hub.address, width),
    ...factRows('finds', hub.rendezvous === '' ? 'no rendezvous' : hub.rendezvous, width),
    fact('key', [span(`${hub.key.slice(0, 16)}…`)]),
    [],
    fact('workers', [span(`${live} of ${known} are heard`)]),
    ...(silent.length === 0
      ? []
      : factRows('silent', silent.map(({ name }) => name).join(' '), width)),
    fact('jobs', [span(`${running} running, ${waiting} waiting`)]),
    fact('for you', [
      span(state.inbox.length === 0 ? 'nothing' : `${state.inbox.length} in the inbox`),
    ]),
  ];
}
