/*
 * Which patterns may name artifacts: those that stay below the job's directory.
 *
 * Asked by the hub when a job is dispatched, and again by the agent, which trusts no hub with its
 * box's files. Pure.
 */

/** Is it relative, and does no part of it lead upwards? */
export function isInsidePattern(pattern: string): boolean {
  const isAbsolute = /^(?:[/\\~]|[A-Za-z]:)/.test(pattern);
  return pattern !== '' && !isAbsolute && !pattern.split(/[/\\]/).includes('..');
}
