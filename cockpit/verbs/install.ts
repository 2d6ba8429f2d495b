/*
 * `wally install USER@HOST`: an agent put onto a box over the person's own ssh, paired, kept up, and seen.
 *
 * It streams a line for each step and can be run again. Leaving it ends what is under way on the box.
 * Errors: INSTALL_*, SSH_*, PAIR_*, WORKER_NAME*, USAGE_ARGUMENT.
 */
import { z } from 'zod';
import type { Finding } from '../../protocol/doctor.ts';
import { install, type StepNews, survey } from '../fleet/install.ts';
import { type PlannedStep, stepTitles } from '../fleet/plan-install.ts';
import { spellHome } from '../fleet/shell.ts';
import { isSshTarget } from '../fleet/ssh.ts';
import type { SshPlace } from '../manager/box.ts';
import { presentWorker } from './present.ts';
import { defineVerb, type Style } from './verb.ts';

/** What `wally install --json` answers in the end; with `--dry-run` the plan. */
export type InstallAnswer =
  | { readonly target: string; readonly plan: readonly PlannedStep[] }
  | {
      readonly target: string;
      readonly name: string;
      readonly host: string;
      readonly key: string;
      /** The agent's version there, by the name of its directory. */
      readonly version: string;
      readonly home: string;
      readonly service: string;
      readonly link: string;
      readonly findings: readonly Finding[];
    };

const port = z.coerce.number().int().min(1).max(65_535);

/** Puts an agent onto a box. */
export const installVerb = defineVerb({
  name: 'install',
  summary: 'put an agent onto a box by ssh, and let it in',
  operands: ['target'],
  flags: {
    name: { value: 'NAME', help: 'what the worker is to be called; else the next name' },
    port: { value: 'N', help: 'the port of ssh there' },
    identity: { value: 'FILE', help: 'the key for ssh' },
    home: { value: 'PATH', help: 'the agent’s home there (~/.odally)' },
    'dry-run': { help: 'look at the box and print what would be done' },
  },
  danger: 'changes',
  args: z.object({
    /** `USER@HOST`, or a name of the person's ssh config. */
    target: z.string().refine(isSshTarget, { message: 'this is no USER@HOST' }),
    name: z.string().optional(),
    port: port.optional(),
    // The hub runs ssh, and its own directory is nobody's.
    identity: z
      .string()
      .regex(/^[~/]/, { message: 'give an absolute path, or one that begins with ~' })
      .optional(),
    home: z.string().optional(),
    'dry-run': z.boolean().default(false),
  }),
  async run({ hub, item, onDrop }, args): Promise<InstallAnswer> {
    const { target, port: at, identity, home, name } = args;
    spellHome(home);
    const place: SshPlace = {
      target,
      ...(at === undefined ? {} : { port: at }),
      ...(identity === undefined ? {} : { identity }),
      ...(home === undefined ? {} : { home }),
    };
    const left = new AbortController();
    onDrop(() => left.abort());
    const tell = (news: StepNews) => void item(news);
    const scene = { hub, tell, signal: left.signal };
    if (args['dry-run']) {
      const { plan } = await survey(scene, { place, name });
      return { target, plan: plan.steps };
    }
    const { worker, ...rest } = await install(scene, { place, name });
    const row = presentWorker(hub, hub.workers.find(worker.key) ?? worker);
    return { target, ...rest, name: row.name, host: row.host, key: row.key };
  },
  showItem: (item, style) => showStep(item as StepNews, style),
  show: (answer, style) => ('plan' in answer ? showPlan(answer.plan, style) : showDone(answer)),
  exit: (answer) =>
    'findings' in answer && answer.findings.some(({ severity }) => severity === 'error') ? 1 : 0,
});

function showStep({ step, state, words, code }: StepNews, style: Style): string {
  const title = stepTitles[step].padEnd(8);
  switch (state) {
    case 'begun':
      return style.dim(`…  ${title} ${words}`);
    case 'going':
      return style.dim(`…  ${title} ${words}`);
    case 'skipped':
      return style.dim(`=  ${title} ${words}`);
    case 'failed':
      return `${style.bad('x')}  ${title} ${words}${code === undefined ? '' : ` [${code}]`}`;
    case 'done':
      return `${style.good('+')}  ${title} ${words}`;
  }
}

function showPlan(plan: readonly PlannedStep[], style: Style): string {
  const lines = plan.map(({ step, isDone, words }) => {
    const line = `${isDone ? '=' : '+'}  ${stepTitles[step].padEnd(8)} ${words}`;
    return isDone ? style.dim(line) : line;
  });
  return [...lines, style.dim('Nothing was done.')].join('\n');
}

function showDone({ name, host, version, home, service, link, findings }: Done): string {
  const wrong = findings.map(({ id, seen, advice }) => `  ${id}: ${seen} ${advice}`);
  return [
    `${name} is on ${host}: ${version} in ${home}, kept up by ${service}, link ${link}.`,
    ...wrong,
  ].join('\n');
}

type Done = Exclude<InstallAnswer, { readonly plan: unknown }>;
