/*
 * A13: a job prints a gibibyte at full speed while the hub is stopped, then the line is slow.
 *
 * Neither side may hold it in memory, the outcome of another job may not wait behind it, and what the
 * hub has in the end must be what was printed, by its hash. The caps of both logs are raised.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobRow, LogItem } from '../../cockpit/verbs/shapes.ts';
import type { ChaosCheck, ChaosOutcome } from './check.ts';
import { type AgentPost, type Field, openField } from './field/field.ts';
import { describeTimes } from './figures.ts';
import { cleanLine } from './link/line.ts';
import { getOptions } from './options.ts';

const memoryBytesMax = 200 * 1024 * 1024;
const answerMsMax = 2000;

/** The slow line: 1 MB/s. Outcomes of other jobs are asked for on it, so often. */
const slowLine = { ...cleanLine, bytesPerSecond: 1_000_000 };
const jobsOnSlowLine = 10;

/** Every line is another one, so that a piece in a wrong place shows in the hash. */
const source = (bytes: number) => `seq -w 1 999999999 | head -c ${bytes}`;

/** The check. */
export const check: ChaosCheck = {
  id: 'A13',
  title: 'a gibibyte of log, hub stopped, slow line: bounded memory, same hash, outcomes pass by',
  run: runLargeLog,
};

async function runLargeLog(report: (line: string) => void): Promise<ChaosOutcome> {
  const { isShort, seed = 1 } = getOptions();
  const bytes = isShort ? 64 * 1024 * 1024 : 1024 ** 3;
  const config = `[logs]\nbytes_max = ${bytes * 2}\n`;
  await using field = await openField({
    agentCount: 1,
    seed,
    hubConfig: config,
    agentConfig: config,
  });
  const agent = field.agents[0] as AgentPost;
  const printed = hashCommand(source(bytes));
  const args = { command: [source(bytes)], key: 'large' };
  const { id } = await field.voice.ask<JobRow>('dispatch', args);
  await sleep(1000);
  field.hub.box.pause();
  await sleep((isShort ? 5 : 30) * 1000);
  field.hub.box.resume();
  await field.relay.shape(agent.link, { up: slowLine, down: slowLine });
  await field.untilLinked();
  report('the hub goes on, over a line of 1 MB/s');
  const times = await measureOthers(field, agent);
  await field.relay.shape(agent.link, { up: cleanLine, down: cleanLine });
  report('the line is as fast as it can be');
  const since = performance.now();
  const received = await hashLog(field, id, bytes);
  const seconds = (performance.now() - since) / 1000;
  return judge({ field, agent, times, bytes, seconds, isSame: received === (await printed) });
}

/** Jobs beside the large one, while its log fills the line. */
async function measureOthers(field: Field, agent: AgentPost): Promise<readonly number[]> {
  const times: number[] = [];
  for (let n = 0; n < jobsOnSlowLine; n += 1) {
    const since = performance.now();
    const args = { command: ['echo beside'], key: `beside${n}`, wait: true, on: [agent.name] };
    await field.voice.ask<JobRow>('dispatch', args);
    times.push(performance.now() - since);
    await sleep(500);
  }
  return times;
}

async function hashCommand(command: string): Promise<string> {
  const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'pipe', 'ignore'] });
  const hash = createHash('sha256');
  child.stdout.on('data', (bytes: Buffer) => void hash.update(bytes));
  await once(child, 'close');
  return hash.digest('hex');
}

/** Follows the log to its end and hashes it as it comes. */
async function hashLog(field: Field, job: string, bytes: number): Promise<string> {
  const hash = createHash('sha256');
  let offset = 0;
  while (offset < bytes) {
    const args = { job, follow: true, since: offset };
    await field.voice.stream<LogItem>('logs', args, (item) => {
      if ('gapBytes' in item) throw new Error(`a gap of ${item.gapBytes} at ${item.offset}`);
      hash.update(item.text);
      offset = item.offset + item.text.length;
    });
  }
  return hash.digest('hex');
}

interface Large {
  readonly field: Field;
  readonly agent: AgentPost;
  readonly times: readonly number[];
  readonly bytes: number;
  readonly seconds: number;
  readonly isSame: boolean;
}

function judge({ field, agent, times, bytes, seconds, isSame }: Large): ChaosOutcome {
  const peaks = { hub: field.hub.box.memoryBytesPeak, agent: agent.box.memoryBytesPeak };
  const figures = {
    'log MiB': bytes >> 20,
    'rest of the copy s': Math.round(seconds),
    'hub memory peak MiB': peaks.hub >> 20,
    'agent memory peak MiB': peaks.agent >> 20,
    ...describeTimes('job beside it on the slow line', times),
    'hash equal': isSame ? 'yes' : 'no',
  };
  const faults = [
    ...(isSame ? [] : ['the hub’s copy is not what was printed']),
    ...(Math.max(peaks.hub, peaks.agent) > memoryBytesMax ? ['over 200 MiB of memory'] : []),
    ...(Math.max(...times) > answerMsMax ? [`a job beside it took over ${answerMsMax} ms`] : []),
  ];
  if (faults.length > 0) return { verdict: 'failed', detail: faults.join('; '), figures };
  return { verdict: 'passed', detail: 'bounded, whole, and nothing waited behind it', figures };
}
