/*
 * Looking at the terminal that this program runs on: what the environment says of it, and tmux.
 *
 * Nothing is asked of the terminal itself, which may be busy with a screen.
 */
import type { Program } from '../ports.ts';
import { readTmuxAnswer, type TerminalFacts, tmuxQuestion } from '../tui/state/terminal-checks.ts';

/** What the environment says of the terminal, and tmux where it is inside one. */
export async function inspectTerminal({
  env,
  askTmux,
}: Pick<Program, 'env' | 'askTmux'>): Promise<TerminalFacts> {
  const isInTmux = (env.TMUX ?? '') !== '';
  const answer = isInTmux ? await askTmux(tmuxQuestion) : undefined;
  return {
    term: env.TERM ?? '',
    colorTerm: env.COLORTERM ?? '',
    locale: env.LC_ALL || env.LC_CTYPE || env.LANG || '',
    isInTmux,
    tmux: answer === undefined ? undefined : readTmuxAnswer(answer),
  };
}
