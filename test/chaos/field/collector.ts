/*
 * What a process of ours still holds once all that it dropped is collected.
 *
 * V8 keeps up to as much again as what lives, and gives it back when it likes to: a slope through that says how the
 * collector felt. So its inspector is opened from outside (SIGUSR1) and a whole collection is asked for before each look.
 * Of anonymous memory alone: tables of the store that are mapped are the kernel's. Life cycle: `openCollector`, `close`.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Box, readMemory } from './box.ts';

/** The inspector says where it listens within this time. */
const openMsMax = 10_000;

/** V8 gives pages back on threads of its own, right after it collected. */
const givenBackMs = 300;

/** Collections until nothing more goes: what the first one finalizes only the second can take. */
const collectionCount = 2;

/** The inspector of one process. */
export interface Collector {
  /** Collects, and answers with its anonymous memory, MiB. Errors: throws where the process is gone. */
  read(): Promise<number>;
  close(): void;
}

/** Opens the inspector of a running box. Errors: throws where it does not open. */
export async function openCollector(box: Box): Promise<Collector> {
  const { pid } = box;
  if (pid === undefined) throw new Error(`${box.plan.name} does not run`);
  process.kill(pid, 'SIGUSR1');
  const socket = new WebSocket(await findInspector(box.plan.logFile));
  const answers = new Map<number, () => void>();
  let count = 0;
  socket.addEventListener('message', ({ data }) => {
    const { id } = JSON.parse(String(data)) as { readonly id?: number };
    answers.get(id ?? 0)?.();
  });
  const { promise: gone, reject } = Promise.withResolvers<never>();
  gone.catch(() => undefined);
  socket.addEventListener('close', () => reject(new Error(`${box.plan.name} is gone`)));
  await Promise.race([new Promise((done) => socket.addEventListener('open', done)), gone]);
  const call = (method: string) => {
    count += 1;
    const id = count;
    const answered = new Promise<void>((done) => answers.set(id, done));
    socket.send(JSON.stringify({ id, method }));
    return Promise.race([answered, gone]).finally(() => answers.delete(id));
  };
  await call('HeapProfiler.enable');
  return {
    async read() {
      for (let n = 0; n < collectionCount; n += 1) await call('HeapProfiler.collectGarbage');
      await sleep(givenBackMs);
      return readMemory(pid, 'RssAnon') / 2 ** 20;
    },
    close: () => socket.close(),
  };
}

/** Its log says it; the last word counts, for earlier lives had inspectors of their own. */
async function findInspector(logFile: string): Promise<string> {
  const endAt = performance.now() + openMsMax;
  while (performance.now() < endAt) {
    const said = [...readFileSync(logFile, 'utf8').matchAll(/Debugger listening on (ws:\S+)/g)];
    const url = said.at(-1)?.[1];
    if (url !== undefined) return url;
    await sleep(100);
  }
  throw new Error('no inspector opened');
}
