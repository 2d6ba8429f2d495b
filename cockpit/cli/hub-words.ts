/*
 * `--hub` on the command line: which hubs are meant, before any verb is looked for.
 *
 * It stands before the verb, as often as wanted; what comes after the verb's first word is the verb's
 * own. Pure. Errors: USAGE_FLAG.
 */
import { AppError } from '../../protocol/errors.ts';

/** The command line in two: the hubs that it names, and the rest. */
export interface HubWords {
  readonly hubs: readonly string[];
  readonly argv: readonly string[];
}

/** Hubs that one cockpit looks into; each costs a connection and a watch. */
const hubsMax = 32;

/** Takes `--hub WORD` and `--hub=WORD` out of what stands before the verb. */
export function takeHubWords(argv: readonly string[]): HubWords {
  const hubs: string[] = [];
  const rest: string[] = [];
  let at = 0;
  for (; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    if (!word.startsWith('-') || word === '--') break;
    if (word === '--hub') {
      at += 1;
      hubs.push(argv[at] ?? '');
    } else if (word.startsWith('--hub=')) hubs.push(word.slice('--hub='.length));
    else rest.push(word);
  }
  if (hubs.some((hub) => hub === '')) {
    throw new AppError('USAGE_FLAG', '--hub needs a home, a name, or a pairing code.');
  }
  if (hubs.length > hubsMax) throw new AppError('USAGE_FLAG', `${hubsMax} hubs at most.`);
  return { hubs: [...new Set(hubs)], argv: [...rest, ...argv.slice(at)] };
}
