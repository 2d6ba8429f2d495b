/*
 * The file of a command, looked at before it is started.
 *
 * To start a program holds this whole process until the kernel has opened the file: on a network file system whose
 * server is gone, for ever, and with it all other work. So what does not surely lie beside the box's own programs is looked at by
 * a process that can be left behind. Behind a wrapper nobody would say that there is no such command, so it is said here.
 * Errors: JOB_SPAWN. Source: uv_spawn, execvp(3).
 */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { AppError } from '../../protocol/errors.ts';
import type { DirectoryLooks, ProgramLook } from './directory-looks.ts';
import type { Launch } from './launch.ts';

/** Where the box has its own programs: a box on which these answer nothing runs nothing at all. */
const ownFolders: ReadonlySet<string> = new Set([
  ...['/bin', '/sbin', '/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin'],
]);

/** What is to be started. */
export interface CommandPlace {
  readonly run: Pick<Launch, 'line'>;
  readonly launch: Pick<Launch, 'line' | 'env'>;
  readonly cwd: string;
}

/** Refuses what would hold this process, and what a wrapper would not find. Errors: JOB_SPAWN. */
export async function assertStartable(
  looks: Pick<DirectoryLooks, 'findProgram'>,
  { run, launch, cwd }: CommandPlace,
): Promise<void> {
  const isWrapped = launch.line !== run.line;
  const [wrapper = ''] = launch.line;
  const [file = ''] = run.line;
  for (const one of isWrapped ? [wrapper, file] : [file]) {
    const look = await findCommand(looks, listFiles(one, { env: launch.env, cwd }));
    if (look.is === 'unseen') throw refuse(one, `its file cannot be looked at: ${look.why}`);
    if (look.is === 'missing' && isWrapped) throw refuse(one, 'there is no such command');
  }
}

/** The files that are tried for it, in their order. */
function listFiles(
  file: string,
  { env, cwd }: Pick<Launch, 'env'> & Pick<CommandPlace, 'cwd'>,
): readonly string[] {
  if (file.includes('/')) return [resolve(cwd, file)];
  return (env.PATH ?? '').split(delimiter).map((folder) => join(resolve(cwd, folder), file));
}

async function findCommand(
  looks: Pick<DirectoryLooks, 'findProgram'>,
  files: readonly string[],
): Promise<ProgramLook> {
  const strange: string[] = [];
  let isOwn = false;
  for (const file of files) {
    if (!ownFolders.has(dirname(file))) strange.push(file);
    else if (await isExecutable(file)) {
      isOwn = true;
      break;
    }
  }
  const look = strange.length === 0 ? undefined : await looks.findProgram(strange);
  if (look !== undefined && look.is !== 'missing') return look;
  return { is: isOwn ? 'there' : 'missing' };
}

function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function refuse(file: string, why: string): AppError {
  return new AppError('JOB_SPAWN', `${file} cannot be started: ${why}.`);
}
