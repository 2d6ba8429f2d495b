/*
 * What is told of a tool of the box that failed, in one line for a person.
 */
import { expect, test } from 'vitest';
import { describeTool, openTools } from '../../../agent/install/tools.ts';

const tools = openTools({ PATH: '/usr/bin:/bin' });

const told = async (script: string, timeoutMs = 20_000) =>
  describeTool(await tools('/bin/sh', ['-c', script], { timeoutMs }));

test('tool: its last line is told, on whichever side it said it', async () => {
  expect(await told('echo one; echo two >&2; exit 3')).toBe('two');
  expect(await told('echo one; echo; exit 3')).toBe('one');
});

test('tool: of our own program the message of its error is told, and what only looks like one stays', async () => {
  const error = JSON.stringify({ error: { code: 'SERVICE_START', message: 'No agent answers.' } });
  expect(await told(`echo '${error}'; exit 1`)).toBe('No agent answers.');
  expect(await told(`echo '{ whole'; exit 1`)).toBe('{ whole');
  expect(await told(`echo '{"error":1}'; exit 1`)).toBe('{"error":1}');
});

test('tool: of one that said nothing its status, its signal or its time is told, never our own command line', async () => {
  expect(await told('exit 3')).toBe('status 3');
  expect(await told('kill -9 $$')).toBe('ended by SIGKILL');
  expect(await told('exec sleep 60', 50)).toBe('no answer within 0.05 s');
  expect(describeTool(await tools('/nowhere/tool', []))).toContain('ENOENT');
});
