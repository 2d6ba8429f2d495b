/*
 * A job's details: they scroll, its files are chosen and fetched, and keys are about it alone.
 */
import { describe, expect, test } from 'vitest';
import type { State } from '../../../../cockpit/tui/state/model.ts';
import type { ArtifactRow } from '../../../../cockpit/verbs/shapes.ts';
import { detailOf, endedJob, startedJob, worker } from '../fake-hub.ts';
import { open, play, type } from '../press.ts';

const jobs = [startedJob('J3'), endedJob('J2'), endedJob('J1')];
const base = open([120, 16], { team: [worker('alice')], jobs });

function file(index: number, change: Partial<ArtifactRow> = {}): ArtifactRow {
  const place = { attempt: 'J2.1', index, path: `out/${index}.txt` } as const;
  const size = { bytes: 10, sha256: 'ab', receivedBytes: 10, code: null };
  return { ...place, ...size, state: 'here', ...change };
}

const files = [file(0), file(1, { state: 'coming', receivedBytes: 4 }), file(2)];

function openJ2(artifacts = files): State {
  const opened = type(base, 'j\r').state;
  const purpose = { for: 'detail', job: 'J2' } as const;
  const value = { ...detailOf(endedJob('J2')), artifacts };
  return play(opened, [{ type: 'reply', request: { verb: 'job', args: {}, purpose }, value }])
    .state;
}

const opened = openJ2();
const fetched = (state: State) => type(state, 'f').effects;

describe('card', () => {
  test('card: h and l choose among the files, f fetches the chosen one', () => {
    expect(fetched(opened)).toMatchObject([
      { request: { purpose: { for: 'fetch', file: files[0] } } },
    ]);
    const third = type(opened, 'lll').state;
    expect(fetched(third)).toMatchObject([{ request: { purpose: { file: files[2] } } }]);
    expect(fetched(type(third, '', 'left', 'left').state)).toMatchObject([
      { request: { purpose: { file: files[0] } } },
    ]);
  });

  test('card: what can not be fetched says why', () => {
    const coming = type(opened, 'lf');
    expect(coming.effects.filter(({ type: what }) => what === 'request')).toEqual([]);
    expect(coming.state.toast?.text).toBe('f: it has not come yet');
    const gone = openJ2([file(0, { state: 'lost', code: 'ARTIFACT_GONE' })]);
    expect(type(gone, 'f').state.toast?.text).toBe('f: it can’t be had: ARTIFACT_GONE');
    expect(type(openJ2([]), 'f').state.toast?.text).toBe('f: it brought no files');
    expect(type(base, 'f').state.toast?.text).toBe(
      'f: enter opens a job, then f fetches a file of it',
    );
  });

  test('card: a file that was fetched is told with its place, one that was not with its code', () => {
    const request = { verb: 'get', args: {}, purpose: { for: 'fetch', file: file(0) } } as const;
    const saved = play(opened, [{ type: 'reply', request, value: '~/saved/0.txt' }]).state;
    expect(saved.toast?.text).toBe('out/0.txt: saved as ~/saved/0.txt');
    const error = { code: 'ARTIFACT_DAMAGED', message: 'Bad.', hint: '' };
    const refused = play(opened, [{ type: 'refused', request, error }]).state;
    expect(refused.toast).toMatchObject({
      level: 'bad',
      text: 'out/0.txt: ARTIFACT_DAMAGED: Bad.',
    });
  });

  test('card: it scrolls by the keys that move, and no further than its end', () => {
    expect(type(opened, 'jj').state.detail.top).toBe(2);
    const end = type(opened, 'G').state.detail.top;
    expect(end).toBeGreaterThan(2);
    expect(type(opened, 'Gj').state.detail.top).toBe(end);
    expect(type(opened, 'Gg').state.detail.top).toBe(0);
  });

  test('card: a verb is about the job that is open, whatever is marked behind it', () => {
    const marked = type(base, ' ').state;
    const open2 = type(marked, '\r').state;
    expect(open2.card).toMatchObject({ job: 'J2' });
    expect(type(open2, 'r').effects.at(-1)).toMatchObject({ request: { args: { job: 'J2' } } });
    expect(type(open2, 'c').state.toast?.text).toBe('c: J2 has already ended');
  });

  test('card: keys of the list that is behind it do nothing but say so', () => {
    for (const key of ['s', 'S', 'v', '/']) {
      const { state } = type(opened, key);
      expect(state.toast?.text).toBe(`${key}: esc goes back to the list first`);
      expect(state.lists.jobs).toBe(opened.lists.jobs);
    }
  });

  test('card: a list that was behind it is scrolled as it was', () => {
    const many = Array.from({ length: 60 }, (_, index) => endedJob(`J${index + 1}`));
    const scrolled = type(open([120, 16], { jobs: many }), 'jjjjjjjjjjkkk').state;
    const back = type(type(scrolled, '\r').state, '', 'esc').state;
    expect(back.lists.jobs).toEqual(scrolled.lists.jobs);
  });
});
