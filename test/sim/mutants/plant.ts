/*
 * A copy of the tree for planting mutants in: sources and simulator, with the real node_modules.
 *
 * Node runs the sources as they are, so an edit needs no build. The tree itself is never touched.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Edit, Mutant } from './mutant.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** What the simulator imports, with the stand-ins that it shares with other tests. */
const parts = [
  ...['protocol', 'store', 'agent', 'cockpit', 'test/sim'],
  ...['test/kit', 'test/agent/policy', 'test/store/doctor'],
] as const;

/** A tree to plant in. */
export class PlantTree {
  readonly path = mkdtempSync(join(tmpdir(), 'wally-mutants-'));

  constructor() {
    for (const part of parts) cpSync(join(root, part), join(this.path, part), { recursive: true });
    cpSync(join(root, 'package.json'), join(this.path, 'package.json'));
    symlinkSync(join(root, 'node_modules'), join(this.path, 'node_modules'));
  }

  /** Makes the edits of one mutant. */
  plant({ id, edits }: Pick<Mutant, 'id' | 'edits'>): void {
    for (const edit of edits) {
      const path = join(this.path, edit.file);
      writeFileSync(path, applyEdit(id, edit, readFileSync(path, 'utf8')));
    }
  }

  /** Takes them back. */
  clear({ edits }: Pick<Mutant, 'edits'>): void {
    for (const { file } of edits) cpSync(join(root, file), join(this.path, file));
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Do all edits still fit the sources? What does not, in words. */
export function findMisfits(mutants: readonly Mutant[]): readonly string[] {
  return mutants.flatMap(({ id, edits }) => {
    const texts = new Map<string, string>();
    return edits.flatMap((edit) => {
      const text = texts.get(edit.file) ?? readFileSync(join(root, edit.file), 'utf8');
      try {
        texts.set(edit.file, applyEdit(id, edit, text));
        return [];
      } catch (error) {
        return [error instanceof Error ? error.message : String(error)];
      }
    });
  });
}

function applyEdit(id: string, { file, find, replace }: Edit, text: string): string {
  const count = text.split(find).length - 1;
  if (count !== 1)
    throw new Error(`mutant ${id}: its text stands ${count} times in ${file}, not once`);
  return text.replace(find, () => replace);
}
