/*
 * Another process at a store: one that would begin on it, and one that holds it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** What another process is told that would begin on this store. */
export function tryToBegin(directory: string): string {
  const open = new URL('../../store/open.ts', import.meta.url).href;
  const script = `
    const { openLevelKv } = await import(${JSON.stringify(open)});
    const kv = await openLevelKv(${JSON.stringify(directory)}).catch(({ code }) => void console.log(code));
    if (kv !== undefined) console.log('begun');
    await kv?.close();`;
  const args = ['--input-type=module', '-e', script];
  return spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout.trim();
}

/** Another process that holds this store until it is let go. */
export async function holdElsewhere(directory: string): Promise<() => Promise<unknown>> {
  const lock = new URL('../../store/store-lock.ts', import.meta.url).href;
  const script = `
    const { holdStore } = await import(${JSON.stringify(lock)});
    const held = await holdStore(${JSON.stringify(directory)});
    console.log('held');
    process.stdin.once('data', async () => { await held.release(); process.exit(0); });`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script]);
  await once(holder.stdout, 'data');
  return () => {
    holder.stdin.write('go');
    return once(holder, 'exit');
  };
}
