/*
 * The unit that keeps an agent running under a user's own systemd, as text.
 *
 * Pure. What each line is for: `KillMode=mixed` asks only the agent to stop, because it ends its work in
 * its own way and says so to its hub; what is left after it (a guard with nothing to guard, or all of
 * the work where the agent was killed, which its next start would end as lost) goes then. `OOMPolicy=continue`: a job that
 * the kernel kills for want of memory must not take the agent with it. Status 2 is a config or a key that
 * only a person can mend. An agent that ended as it was asked is not started again.
 * Source: systemd.service(5), systemd.kill(5), systemd.syntax(7).
 */
import { quickDeathsMax, serviceStopMsMax } from './limits.ts';

/** What a unit is made from. */
export interface UnitPlan {
  readonly home: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
}

/** The unit file. Older versions of systemd pass over the lines that they do not know. */
export function renderUnit({ home, command, env, logFile }: UnitPlan): string {
  const stopSeconds = Math.ceil(serviceStopMsMax / 1000) + 5;
  return [
    '# Written by `odally service install`; `odally service remove` takes it away.',
    '[Unit]',
    `Description=odally, the agent that lends this box to a Wally (${escapeSpecifiers(home)})`,
    'StartLimitIntervalSec=600',
    `StartLimitBurst=${quickDeathsMax}`,
    '',
    '[Service]',
    'Type=exec',
    `ExecStart=${command.map(quoteWord).join(' ')}`,
    ...Object.entries(env).map(([name, value]) => `Environment=${quoteSetting(name, value)}`),
    'WorkingDirectory=/',
    'UMask=0077',
    'Restart=on-failure',
    'RestartSec=5',
    'RestartPreventExitStatus=2',
    'KillMode=mixed',
    `TimeoutStopSec=${stopSeconds}`,
    'OOMPolicy=continue',
    `StandardOutput=append:${escapeSpecifiers(logFile)}`,
    `StandardError=append:${escapeSpecifiers(logFile)}`,
    '',
    '[Install]',
    'WantedBy=default.target',
    '',
  ].join('\n');
}

/** `%` begins a specifier and `$` a variable in what is executed; each is doubled to stand for itself. */
function quoteWord(word: string): string {
  return quote(escapeSpecifiers(word).replaceAll('$', '$$$$'));
}

function quoteSetting(name: string, value: string): string {
  return quote(escapeSpecifiers(`${name}=${value}`));
}

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

function escapeSpecifiers(text: string): string {
  return text.replaceAll('%', '%%');
}
