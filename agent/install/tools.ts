/*
 * Runs a tool of the box (systemctl, loginctl, launchctl, crontab) to its end and says what came of it.
 *
 * It is no shell: the words go as they are. A tool that is missing, hangs or says too much is an
 * answer with a code, never an exception; what that means is decided by who asked.
 */
import { type ExecFileException, execFile } from 'node:child_process';
import { toolBytesMax, toolMsMax } from './limits.ts';

/** How a tool ended. `code` is null where a signal or its time ended it, 127 where there is none. */
export interface ToolResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** More about one run. */
export interface ToolOptions {
  /** Given on stdin. */
  readonly input?: string;
  readonly timeoutMs?: number;
}

/** Runs one tool. Never rejects. */
export type RunTool = (
  name: string,
  args: readonly string[],
  options?: ToolOptions,
) => Promise<ToolResult>;

/** Tools found by this environment's PATH. */
export function openTools(env: Readonly<Record<string, string | undefined>>): RunTool {
  return (name, args, options = {}) =>
    new Promise((resolve) => {
      const settings = {
        env: { ...env },
        cwd: '/',
        timeout: options.timeoutMs ?? toolMsMax,
        killSignal: 'SIGKILL',
        maxBuffer: toolBytesMax,
      } as const;
      const child = execFile(name, [...args], settings, (error, stdout, stderr) => {
        if (error === null) return resolve({ code: 0, stdout, stderr });
        const code = typeof error.code === 'number' ? error.code : null;
        const isMissing = error.code === 'ENOENT' || error.code === 'EACCES';
        const why = code === null ? describeEnd(error, settings.timeout) : '';
        resolve({
          code: isMissing ? 127 : code,
          stdout,
          stderr: stderr || (stdout === '' ? why : ''),
        });
      });
      // One that does not read its stdin may be gone before all is written.
      child.stdin?.on('error', () => undefined).end(options.input ?? '');
    });
}

/** Why one that ended without a status did. */
function describeEnd(
  { killed, signal, code, message }: ExecFileException,
  timeoutMs: number,
): string {
  if (killed === true && typeof code !== 'string') return `no answer within ${timeoutMs / 1000} s`;
  return typeof signal === 'string' ? `ended by ${signal}` : message;
}

/** The last line that a tool said, for people; its code where it said nothing. Of our own program: what its error says. */
export function describeTool({ code, stdout, stderr }: ToolResult): string {
  const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '');
  const last = lines.at(-1)?.trim() ?? `status ${code ?? 'none'}`;
  return findMessage(last) ?? last;
}

function findMessage(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const { error } = JSON.parse(line) as { error?: { message?: unknown } };
    return typeof error?.message === 'string' ? error.message : undefined;
  } catch (thrown) {
    // It only looks like ours.
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}
