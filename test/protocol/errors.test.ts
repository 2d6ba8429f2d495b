/*
 * The error table: every row tells a person what happened and what to do.
 */
import { describe, expect, test } from 'vitest';
import {
  AppError,
  assert,
  type ErrorCode,
  errorTable,
  isErrorCode,
  unreachable,
  wrapError,
} from '../../protocol/errors.ts';

describe('errors', () => {
  test.each(Object.entries(errorTable))(
    'errors: %s has its words and its exit status',
    (code, row) => {
      expect(code).toMatch(/^[A-Z]+_[A-Z_]+$/);
      expect(row.sentence).toMatch(/^[A-Z].+\.$/);
      expect(row.hint).toMatch(/^.+\.$/);
      expect([1, 2, 3, 4, 5]).toContain(row.exit);
      expect(typeof row.canRetry).toBe('boolean');
    },
  );

  test('errors: an AppError carries its row, and this case’s own words where it has some', () => {
    const bare = new AppError('STORE_LOCKED');
    expect(bare).toMatchObject({ name: 'AppError', code: 'STORE_LOCKED', exit: 4 });
    expect(bare.message).toBe(errorTable.STORE_LOCKED.sentence);
    expect(bare.hint).toBe(errorTable.STORE_LOCKED.hint);
    expect(new AppError('STORE_LOCKED', 'By process 7.').message).toBe('By process 7.');
  });

  test('errors: wrapping leaves an AppError alone and keeps anything else as the cause', () => {
    const own = new AppError('JOB_FULL');
    expect(wrapError(own, 'STORE_IO')).toBe(own);
    const cause = new Error('ENOSPC');
    const wrapped = wrapError(cause, 'STORE_IO');
    expect(wrapped).toMatchObject({ code: 'STORE_IO', cause });
    expect(wrapped.message).toContain('ENOSPC');
    expect(wrapError('text', 'STORE_IO')).toMatchObject({ code: 'STORE_IO', cause: 'text' });
  });

  test('errors: only the table’s own keys are codes', () => {
    expect(isErrorCode('JOB_FULL')).toBe(true);
    for (const text of ['JOB_FULLER', '', 'toString', '__proto__', 'constructor']) {
      expect(isErrorCode(text)).toBe(false);
    }
  });

  test('errors: a broken invariant throws and is no AppError', () => {
    expect(() => assert(true, 'one is one')).not.toThrow();
    expect(() => assert(false, 'one is two')).toThrow('invariant broken: one is two');
    expect(() => unreachable('x' as never)).toThrow('unreachable');
  });

  test('errors: naming what is not there is a mistake, status 2, whatever it is', () => {
    const unknown = Object.entries(errorTable).filter(([code]) => code.endsWith('_UNKNOWN'));
    // A key that knocks is named by nobody: it is refused.
    const others = unknown.filter(([code, { exit }]) => exit !== 2 && code !== 'PEER_UNKNOWN');
    expect(others).toEqual([]);
    expect(unknown.length).toBeGreaterThan(5);
  });

  test('errors: exit 3 is for what may come back by itself or by a start', () => {
    const codes = Object.keys(errorTable) as ErrorCode[];
    const unreachableCodes = codes.filter((code) => errorTable[code].exit === 3);
    expect(unreachableCodes.every((code) => errorTable[code].canRetry)).toBe(true);
  });
});
