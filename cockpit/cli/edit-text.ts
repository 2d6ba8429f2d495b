/*
 * Puts a text before the M2's editor and takes back what it became. Run while the screen is suspended.
 *
 * The text lies in a file of its own in the hub's home for as long as the editor has it. What is too
 * long for the screen is left there and named, so that nobody's work is lost. Errors: none; they are
 * the trouble that is answered.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { wrapError } from '../../protocol/errors.ts';
import { findHubHome } from '../home.ts';
import type { Program } from '../ports.ts';
import { formCharsMax } from '../tui/limits.ts';
import type { Asked, EditedText } from '../tui/main.tsx';
import { chooseCommand } from './hand-over.ts';

/** What the editor made of it; a status that is not 0 leaves the text as it was. */
export async function editText(program: Program, { text, ask }: Asked): Promise<EditedText> {
  const folder = join(findHubHome(program.env).directory, 'opened');
  // Editors choose colours and indenting by the ending.
  const file = join(folder, `${ask}-${program.pid}.${ask === 'prompt' ? 'md' : 'sh'}`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(file, text === '' ? '' : `${text}\n`, { mode: 0o600 });
    const command = [...chooseCommand(program, 'editor'), file];
    const status = await program.runInTerminal(command);
    const edited = await readFile(file, 'utf8');
    if (edited.length > formCharsMax) {
      return { trouble: `over ${formCharsMax} letters: it was not taken, and is in ${file}` };
    }
    await rm(file, { force: true });
    if (status === 0) return { text: edited };
    return { trouble: `${command[0]} ended with status ${status}: the ${ask} is as it was` };
  } catch (thrown) {
    const { code, message, hint } = wrapError(thrown, 'HUB_INTERNAL');
    return { trouble: `${code}: ${message} ${hint}` };
  }
}
