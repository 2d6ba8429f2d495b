/*
 * What a job brought is what its process left: every file that was reported, whole.
 *
 * A copy that the hub calls whole has the content that the process gave it, always. Where the agent saw
 * the end and its report was taken, the report names all files, and all that were kept are there in the end; for want
 * of room on a full disk it may have kept fewer, and says so. A wiped box loses what it had not sent.
 */
import { makeArtifact } from '../output.ts';
import type { Check, Evidence, Finding } from './check.ts';
import { findReport } from './log-copies.ts';

type Note = Evidence['history']['processes'][number];

/** See the header. */
export const artifactsCheck: Check = {
  title: 'artifacts are what was left',
  judge(evidence) {
    if (evidence.history.isHubRestored) return [];
    return evidence.history.processes.flatMap((note) => judgeOne(evidence, note));
  },
};

function judgeOne(evidence: Evidence, note: Note): readonly Finding[] {
  const { attempt, artifactCount = 0 } = note;
  const about = attempt.split('.')[0] as `J${number}`;
  const findings: Finding[] = [];
  const find = (message: string) => findings.push({ about, message: `${attempt}: ${message}` });
  const end = findReport(evidence, note);
  const kept = end?.artifacts?.kept;
  const hasFilled = evidence.history.fullBoxes.has(note.box);
  const missed = hasFilled ? (end?.artifacts?.missed ?? []) : [];
  const full = missed.filter(({ code }) => code === 'DISK_FULL').length;
  const told = (kept?.length ?? 0) + full;
  const sawEnd = end !== undefined && end.outcome !== 'lost' && note.artifactCount !== undefined;
  if (sawEnd && told !== artifactCount) find(`${told} files of ${artifactCount} were reported`);
  for (let index = 0; index < artifactCount; index += 1) {
    const copy = evidence.artifacts.get(`${attempt}/${index}`);
    // Its path says which of them it is, its place in the report may be an earlier one.
    const which = Number(kept?.[index]?.path.split('/')[1] ?? index);
    if (copy !== undefined && Buffer.compare(copy, makeArtifact(attempt, which)) !== 0) {
      find(`file ${index} is called whole and has other bytes`);
    }
    if (copy === undefined && index < (kept?.length ?? 0)) find(`file ${index} did not come`);
  }
  return findings;
}
