/*
 * Harnesses: the AI agents of this box that can be given a prompt, each a command line as data.
 *
 * Those below are looked for on PATH; the box's config replaces them, adds its own, and takes one away by
 * an empty command. The prompt stands where the line says `{prompt}`, else it comes on stdin, where no
 * `ps` shows it. Nothing is started here, and a prompt is never read by a shell. Pure but for the
 * look at the disk. Source: the help of each program.
 */
import { isAbsolute } from 'node:path';
import { AppError } from '../../protocol/errors.ts';
import type { PromptSpec } from '../../protocol/model.ts';
import { isExecutable, isOnPath } from './capabilities.ts';

/** Command lines by the name that a job asks for. */
export type Harnesses = Readonly<Record<string, readonly string[]>>;

/** What is to run for a prompt. */
export interface HarnessRun {
  readonly line: readonly string[];
  /** What its stdin gives, where the prompt is not on its line. */
  readonly input?: string;
}

const place = '{prompt}';

/** Each edits files by itself and asks nobody, for nobody is there. */
const harnessesKnown: Harnesses = {
  claude: ['claude', '-p', '--permission-mode', 'acceptEdits'],
  codex: ['codex', 'exec', '--sandbox', 'workspace-write', '--skip-git-repo-check', '-'],
  gemini: ['gemini', '--approval-mode', 'auto_edit', '--skip-trust', `--prompt=${place}`],
  opencode: ['opencode', 'run', '--', place],
};

/** What a box's config says, by the same names. */
export type HarnessConfig = Readonly<Record<string, { readonly command: readonly string[] }>>;

/** Ours, as the box's config changes them. */
export function mergeHarnesses(config: HarnessConfig): Harnesses {
  const named = Object.entries(config).map(([id, { command }]) => [id, command] as const);
  const all = Object.entries({ ...harnessesKnown, ...Object.fromEntries(named) });
  return Object.fromEntries(all.filter(([, command]) => command.length > 0));
}

/** The names of those whose program is there. */
export async function listHarnesses(all: Harnesses, path: string): Promise<readonly string[]> {
  const found = await Promise.all(
    Object.entries(all).map(async ([id, [program = '']]) => {
      const isThere = isAbsolute(program)
        ? await isExecutable(program)
        : await isOnPath(path, program);
      return isThere ? [id] : [];
    }),
  );
  return found.flat().toSorted();
}

/** The command line for this prompt. Errors: JOB_HARNESS. */
export function planHarness(all: Harnesses, { harness, text }: PromptSpec): HarnessRun {
  const command = Object.hasOwn(all, harness) ? all[harness] : undefined;
  if (command === undefined) {
    throw new AppError('JOB_HARNESS', `This box has no harness "${harness}".`);
  }
  if (!command.some((word) => word.includes(place))) return { line: command, input: text };
  // A function, because a prompt may hold what `replaceAll` has a meaning for.
  return { line: command.map((word) => word.replaceAll(place, () => text)) };
}
