/*
 * `wally` alone: the cockpit, or the status report where there is no terminal to show it on.
 *
 * The hub is reached, and started if need be, before the terminal is touched; when that fails, the
 * reason is printed on the normal screen. Errors: HUB_*.
 */
import { AppError } from '../../protocol/errors.ts';
import { findHubHome } from '../home.ts';
import type { Program } from '../ports.ts';
import { statusVerb } from '../verbs/hub-state.ts';
import { verbs } from '../verbs/registry.ts';
import type { StatusShape } from '../verbs/shapes.ts';
import { connectHub, ensureHub } from './connect.ts';
import { chooseStyle } from './style.ts';

/** Shows the screen until the M2 leaves it; resolves with the exit status. */
export async function openScreen(
  program: Program,
  version: string,
  form: 'text' | 'json',
): Promise<number> {
  const { client } = await ensureHub(program);
  const isDumb = program.env.TERM === 'dumb';
  if (form === 'json' || !program.isTerminal || isDumb) {
    const status = (await client.call('status', {})) as StatusShape;
    client.close();
    const text =
      form === 'json'
        ? JSON.stringify(status)
        : statusVerb.show(status, chooseStyle(program.isTerminal, program.env.NO_COLOR));
    await program.print(`${text}\n`);
    return 0;
  }
  const { runCockpit } = await import('../tui/main.tsx');
  const end = await runCockpit({
    client,
    reconnect: () => connectHub(findHubHome(program.env)),
    ports: program.ports,
    stdin: program.stdin,
    stdout: program.stdout,
    env: { noColor: (program.env.NO_COLOR ?? '') !== '', term: program.env.TERM ?? '' },
    version,
    verbs,
  });
  if (end.reason === 'quit') return 0;
  throw new AppError('HUB_UNREACHABLE', end.message);
}
