/*
 * A provider of command templates at work.
 *
 * What `up` prints is never read: the box is found in the list, by its tag. What a command says when it fails
 * is shown, cut short. How an agent gets onto the box afterwards is given from outside.
 * Errors: SPAWN_CONFIG, SPAWN_ABSENT, SPAWN_COMMAND, SPAWN_OUTPUT, and those of getting in.
 */
import { AppError } from '../../../protocol/errors.ts';
import type { SshPlace } from '../../manager/box.ts';
import { formatTagPrefix } from '../../manager/spawn-box.ts';
import { quoteWord } from '../../verbs/shell-words.ts';
import type { Entrance } from './entrance.ts';
import { complaintLettersMax } from './limits.ts';
import type { BoxOrder, Maker, OwnBox } from './maker.ts';
import type { ProgramEnd, RunProgram } from './ports.ts';
import type { CommandProvider } from './provider.ts';
import { readBoxList } from './read-list.ts';
import { fillCommand, fillPiece, type TemplateValues } from './template.ts';

/** What it is made from. */
export interface CommandMakerParts {
  readonly provider: CommandProvider;
  readonly hubKey: string;
  readonly run: RunProgram;
  readonly entrance: Entrance;
}

type Step = 'up' | 'list' | 'down';

/** Makes it. */
export function openCommandMaker(parts: CommandMakerParts): Maker {
  const { provider, hubKey, entrance } = parts;
  const prefix = formatTagPrefix(hubKey);
  const run = (step: Step, values: TemplateValues) => runStep(parts, step, { ...values, prefix });
  return {
    async up(order) {
      await run('up', valuesOf(order));
    },
    async list() {
      const { stdout } = await run('list', {});
      return readBoxList(stdout, { places: provider.list, prefix });
    },
    async down({ name, tag, id, address }) {
      await run('down', { name, tag, id, address });
    },
    enter: (order) => entrance.install(findWay(provider, order.box), order),
    // The box goes as a whole, and what is on it with it.
    leave: async () => undefined,
    describe(order) {
      const values = { ...provider.values, ...valuesOf(order), prefix };
      const later = { ...values, id: '<id>', address: '<address>' };
      return [
        `run: ${showCommand(fillCommand(provider.up.command, values))}`,
        `look: ${showCommand(fillCommand(provider.list.command, values))}`,
        `in the end: ${showCommand(fillCommand(provider.down.command, later))}`,
      ];
    },
  };
}

/** How to get onto the box. Errors: SPAWN_CONFIG, where it has no address yet, say. */
export function findWay({ enter, values }: CommandProvider, box: OwnBox): SshPlace {
  const { name, tag, id, address } = box;
  const known = { ...values, name, tag, id, address };
  if (enter.via === 'wrapper') {
    return { target: tag, wrapper: [...fillCommand(enter.command, known)] };
  }
  const { port, identity } = enter;
  return {
    target: fillPiece(enter.target, known),
    ...(port === undefined ? {} : { port }),
    ...(identity === undefined ? {} : { identity }),
  };
}

function valuesOf({ name, tag, madeAt, ttlMs }: BoxOrder): TemplateValues {
  // Whole seconds, as Go and most others read a duration.
  const ttl = ttlMs === undefined ? undefined : `${Math.ceil(ttlMs / 1000)}s`;
  return { name, tag, made: String(madeAt), ttl };
}

async function runStep(
  { provider, run }: CommandMakerParts,
  step: Step,
  values: TemplateValues,
): Promise<ProgramEnd> {
  const { command: template, timeout: timeoutMs } = provider[step];
  const command = fillCommand(template, { ...provider.values, ...values });
  const end = await run({ command, timeoutMs, passes: provider.env });
  if (end.exitCode === 0) return end;
  const what = `${provider.name}: \`${command.slice(0, 3).join(' ')} …\``;
  if (end.isAbsent) throw new AppError('SPAWN_ABSENT', `There is no program ${command[0]} here.`);
  if (end.isTimedOut) {
    const seconds = Math.round(timeoutMs / 1000);
    throw new AppError('SPAWN_COMMAND', `${what} did not end within ${seconds} s.`);
  }
  const said = `${end.stderr}\n${end.stdout}`.trim().slice(0, complaintLettersMax);
  const how = end.exitCode === null ? 'was ended by a signal' : `ended with ${end.exitCode}`;
  throw new AppError('SPAWN_COMMAND', `${what} ${how}${said === '' ? '' : `: ${said}`}`);
}

function showCommand(command: readonly string[]): string {
  return command.map(quoteWord).join(' ');
}
