/*
 * Our one line in a person's crontab: it starts the service when the box does.
 *
 * Pure: a crontab's text in, another out. The line bears a mark with the home, and only a line with
 * just that mark is ever changed or taken away; all else stays byte for byte. Source: crontab(5).
 */

/** What the line starts. */
export interface CronPlan {
  readonly home: string;
  /** A program and its words. */
  readonly command: readonly string[];
}

/** How our line ends, by which it is found again. */
export function markCron(home: string): string {
  return `# odally: ${home}`;
}

/** Can this be said in one line of a crontab? */
export function isCronable({ home, command }: CronPlan): boolean {
  return ![home, ...command].some((word) => /[\n\r\0]/.test(word));
}

/** The crontab with our line, once, whatever stood there before. */
export function addCronLine(text: string, plan: CronPlan): string {
  const rest = removeCronLine(text, plan.home);
  const gap = rest === '' || rest.endsWith('\n') ? '' : '\n';
  return `${rest}${gap}${renderCronLine(plan)}\n`;
}

/** The crontab without our line. */
export function removeCronLine(text: string, home: string): string {
  const mark = markCron(home);
  const lines = text.split('\n');
  return lines.filter((line) => !isOurs(line, mark)).join('\n');
}

/** Is our line there, as it should be? */
export function hasCronLine(text: string, plan: CronPlan): boolean {
  return text.split('\n').includes(renderCronLine(plan));
}

function isOurs(line: string, mark: string): boolean {
  return line.startsWith('@reboot ') && line.endsWith(` ${mark}`);
}

/** `%` means the end of the line to cron unless it is escaped, also in quotes. */
function renderCronLine({ home, command }: CronPlan): string {
  const line = `ODALLY_HOME=${quote(home)} ${command.map(quote).join(' ')} >/dev/null 2>&1`;
  return `@reboot ${line.replaceAll('%', '\\%')} ${markCron(home)}`;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
