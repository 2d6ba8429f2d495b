/*
 * What doctors say, as people read it on a command line.
 *
 * The words are the checks' own; what has a fix says so. Never colour: it goes into logs and mails too.
 */
import type { CheckRow, DoctorAnswer, Finding } from './doctor.ts';

/** A report as people read it; `whom` says of what it is. */
export function describeReport(
  { findings, fixed, planned = [], on, area }: DoctorAnswer,
  whom: string,
): string {
  const lines = [
    ...fixed.map((finding) => `fixed    ${nameFinding(finding)}: ${finding.seen}`),
    ...findings.flatMap((finding) => [
      `${finding.severity.padEnd(8)} ${nameFinding(finding)}: ${finding.seen}`,
      `         wanted: ${finding.wanted} ${finding.advice}`,
      ...(finding.failure === undefined ? [] : [`         ${finding.failure}`]),
    ]),
  ];
  for (const finding of planned) lines.push(`would    ${nameFinding(finding)}: ${finding.plan}`);
  const looked = area === undefined ? '' : ` (area ${area} alone)`;
  if (findings.length === 0) {
    lines.push(`Nothing is wrong with ${on?.join(', ') ?? whom}${looked}.`);
  }
  return lines.join('\n');
}

/** What can be found, as people read it. */
export function describeChecks(rows: readonly CheckRow[]): string {
  const line = ({ id, area, title, fix }: CheckRow) =>
    `${id.padEnd(22)} ${area.padEnd(8)} ${title}${fix ? ' (can be fixed)' : ''}`;
  return rows.map(line).join('\n');
}

function nameFinding({ id, worker }: Finding): string {
  return worker === undefined ? id : `${id} (${worker})`;
}
