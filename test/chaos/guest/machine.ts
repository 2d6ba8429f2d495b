/*
 * The guest as a process: booted on a disk, heard through a folder that both see, ended by SIGKILL.
 *
 * The emulator executes every instruction itself, because a machine that is itself a guest often has no
 * other way. What the guest wrote to its disk is in this machine's memory and outlives the emulator's
 * death; what the guest still had in its own memory does not. Life cycle: `bootMachine`, then `kill`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type LifePlan, type LifeWord, proofFiles } from './plan.ts';
import type { GuestTools } from './tools.ts';

/** What does not change from life to life. */
export interface MachineParts {
  readonly tools: GuestTools;
  readonly firstFiles: string;
  readonly disk: string;
  readonly proof: string;
}

/** A guest that lives. */
export interface Machine extends AsyncDisposable {
  /** Resolves with its word of that kind. Errors: throws when it ends before, or is silent too long. */
  hear<Is extends LifeWord['is']>(is: Is): Promise<Extract<LifeWord, { readonly is: Is }>>;
  /** Safe to repeat. */
  kill(): Promise<void>;
}

/** From one word to the next; a busy machine emulates slowly. */
const wordMsMax = 600_000;

const lookMs = 20;
const life = fileURLToPath(new URL('./life.ts', import.meta.url));

/** Guests that live; this process takes them along when it ends. */
const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** Boots one for that life. */
export function bootMachine(parts: MachineParts, plan: LifePlan): Machine {
  const said = join(parts.proof, proofFiles.said);
  rmSync(said, { force: true });
  writeFileSync(join(parts.proof, proofFiles.plan), JSON.stringify(plan));
  const child = spawn(parts.tools.qemu, planArguments(parts), {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let console = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      console = (console + text).slice(-2000);
    });
  }
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const kill = async () => {
    children.delete(child);
    if (hasEnded()) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return {
    async hear(is) {
      const giveUpAt = performance.now() + wordMsMax;
      for (;;) {
        const word = readWords(said).find((one) => one.is === is);
        if (word !== undefined) return word as Extract<LifeWord, { readonly is: typeof is }>;
        if (hasEnded() || performance.now() > giveUpAt) {
          throw new Error(`the guest did not say \`${is}\`; its console ends with:\n${console}`);
        }
        await sleep(lookMs);
      }
    },
    kill,
    [Symbol.asyncDispose]: kill,
  };
}

function planArguments({ tools, firstFiles, disk, proof }: MachineParts): readonly string[] {
  const share = (path: string, tag: string) =>
    `local,path=${path},mount_tag=${tag},security_model=none`;
  return [
    ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', '1024'],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-serial', 'stdio', '-no-reboot'],
    ...['-kernel', tools.kernel, '-initrd', firstFiles],
    ...['-append', `console=ttyS0 quiet panic=-1 NODE=${process.execPath} LIFE=${life}`],
    // A flush of the guest's is one of this machine's: neither more nor less reaches the file.
    ...['-drive', `file=${disk},if=virtio,format=raw,cache=writeback`],
    ...['-virtfs', `${share('/', 'machine')},readonly=on,multidevs=remap`],
    ...['-virtfs', share(proof, 'proof')],
  ];
}

/** Whole lines only. */
function readWords(file: string): readonly LifeWord[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as LifeWord);
}
