/*
 * The checks of what is kept for a bad day: the audit trail, the last backup, what was put aside.
 *
 * A home that never had a backup is not blamed: whoever makes one begins to be reminded. Fixes make a backup anew beside
 * the old one, and remove the oldest of what was put aside; nothing mends a broken chain, and none pretends to.
 */
import { chmod, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Check, type Evidence, listOne } from '../../protocol/doctor.ts';
import { defineSection, type Section } from '../../protocol/doctor-sections.ts';
import { AppError, wrapError } from '../../protocol/errors.ts';
import { Archive } from '../archive.ts';
import { listAsides } from '../asides.ts';
import { openAuditFiles } from '../audit-files.ts';
import type { AuditPort } from '../audit-keep.ts';
import { type AuditProof, planAuditParts, verifyAudit } from '../audit-read.ts';
import type { AuditTrail } from '../audit-trail.ts';
import type { BackupProgram } from '../backup-head.ts';
import { findLastBackup, type LastBackup, makeBackup } from '../backup-make.ts';
import { readBackup } from '../backup-tar.ts';
import { nameBackupFile } from '../backup-text.ts';
import type { Kv } from '../kv.ts';
import { auditProvedBytesMax } from '../limits.ts';
import { asidesMax, backupDaysMax, backupReadBytesMax } from './limits.ts';
import type { StoreVisit } from './store-visit.ts';

/** What the section is given. */
export interface KeepingContext {
  readonly home: {
    readonly directory: string;
    readonly audit: string;
    readonly setAside: string;
  };
  readonly visit: StoreVisit;
  readonly program: BackupProgram;
  /** The trail of the program that runs in this process, where it does. */
  readonly trail: Pick<AuditTrail, 'failure' | 'look' | 'resting'> | undefined;
  /** Whom a restore of this home would have to pair again. */
  readonly listPeers: () => Promise<readonly string[]>;
  /** Wall milliseconds. */
  readonly nowMs: number;
}

/** What was found; null where the store cannot be read. */
export interface KeepingFacts {
  readonly proof: AuditProof | null;
  /** Why the trail's old entries could not be put into files; null where they could. */
  readonly trailFailure: string | null;
  readonly last: LastBackup | null;
  /** Why the last backup cannot be restored; null where it can, or was not looked at. */
  readonly fault: string | null;
  readonly asides: readonly string[];
  readonly nowMs: number;
}

type KeepingCheck = Check<KeepingFacts, KeepingContext>;

const dayMs = 24 * 60 * 60 * 1000;

const chain: KeepingCheck = {
  id: 'audit-broken',
  title: 'nobody changed the audit trail',
  why: 'Who asked for what can only be told from a trail that is whole.',
  area: 'trust',
  severity: 'error',
  cost: 'walks',
  diagnose: ({ proof }) =>
    listOne(
      proof === null || proof.broken === null
        ? undefined
        : {
            subject: proof.broken.place,
            seen: `The chain does not hold after entry ${proof.broken.after}: ${proof.broken.why}.`,
            wanted: 'Every entry with the hash of the one before it.',
            advice:
              'See all of it: `audit --verify`. Ask who could write this home, and compare with a backup’s `audit/`.',
          },
    ),
};

const behind: KeepingCheck = {
  id: 'audit-behind',
  title: 'what is old of the audit trail goes into files',
  why: 'It piles up in the store, and nothing of the trail is forgotten in time.',
  area: 'trust',
  severity: 'warning',
  cost: 'free',
  diagnose: ({ trailFailure }) =>
    listOne(
      trailFailure === null
        ? undefined
        : {
            subject: 'audit',
            seen: `What is old of the audit trail could not be put into files: ${trailFailure}`,
            wanted: 'A folder `audit` in the home that can be written.',
            advice: 'Nothing is lost. Make room on the disk, or mend the folder.',
          },
    ),
  fix: {
    reach: 'anywhere',
    plan: () => 'makes the folder, for this user alone, and tries again',
    apply: async ({ home, trail }) => {
      await mkdir(home.audit, { recursive: true });
      await chmod(home.audit, 0o700);
      await trail?.look();
    },
  },
};

const old: KeepingCheck = {
  id: 'backup-old',
  title: 'the last backup is of lately',
  why: 'What was given since then is only in one place.',
  area: 'store',
  severity: 'warning',
  cost: 'free',
  diagnose: ({ last, nowMs }) =>
    listOne(
      last === null || nowMs - last.at <= backupDaysMax * dayMs
        ? undefined
        : {
            subject: last.file,
            seen: `The last backup was made ${Math.floor((nowMs - last.at) / dayMs)} days ago.`,
            wanted: `One that is at most ${backupDaysMax} days old.`,
            advice: 'Make one now, and keep it on another disk.',
          },
    ),
  fix: {
    reach: 'anywhere',
    plan: ({ subject }) => `makes a backup in ${dirname(subject)}`,
    apply: (context, evidence) => backUp(context, evidence),
  },
};

const unreadable: KeepingCheck = {
  id: 'backup-unreadable',
  title: 'the last backup can be restored',
  why: 'A backup that cannot be read is found out on the day it is needed.',
  area: 'store',
  severity: 'error',
  cost: 'walks',
  diagnose: ({ last, fault }) =>
    listOne(
      last === null || fault === null
        ? undefined
        : {
            subject: last.file,
            seen: fault,
            wanted: 'A backup of which every byte is as it was written.',
            advice: 'Make another, and look at that disk.',
          },
    ),
  fix: {
    reach: 'anywhere',
    plan: ({ subject }) => `makes another backup in ${dirname(subject)}`,
    apply: (context, evidence) => backUp(context, evidence),
  },
};

const asides: KeepingCheck = {
  id: 'asides-many',
  title: 'what was put aside does not pile up',
  why: 'Stores that were replaced are kept whole, and take room until somebody looks.',
  area: 'home',
  severity: 'warning',
  cost: 'free',
  diagnose: ({ asides: found }) =>
    listOne(
      found.length <= asidesMax
        ? undefined
        : {
            subject: 'set-aside',
            seen: `${found.length} stores lie in set-aside/.`,
            wanted: `${asidesMax} at most.`,
            advice: 'Look whether any of them is still needed, and remove the rest.',
          },
    ),
  fix: {
    reach: 'here',
    plan: () => `removes all but the newest ${asidesMax} of them`,
    apply: async ({ home }) => {
      // Copies of logs lie there too, and may be all that is left of a job.
      for (const name of (await listAsides(home.setAside)).slice(0, -asidesMax)) {
        await rm(join(home.setAside, name), { recursive: true, force: true });
      }
    },
  },
};

async function backUp(context: KeepingContext, { subject }: Evidence): Promise<void> {
  const { visit, program, home, trail, nowMs: now } = context;
  const kv = await visit.findKv();
  if (kv === undefined) throw new AppError('STORE_IO', 'The store cannot be read.');
  await makeBackup({
    ...{ program, kv, now, pid: 0, version: 'doctor', folders: [] },
    peers: await context.listPeers(),
    directory: home.directory,
    out: join(dirname(subject), nameBackupFile(program, now)),
    isWanted: () => true,
    whileAuditRests: (read) => (trail === undefined ? read() : trail.resting(read)),
  });
}

async function gather({ home, visit, trail, nowMs }: KeepingContext): Promise<KeepingFacts> {
  const asidesFound = await listAsides(home.setAside);
  const kv = await visit.findKv();
  const rest = { asides: asidesFound, trailFailure: trail?.failure ?? null, nowMs };
  if (kv === undefined) return { ...rest, proof: null, last: null, fault: null };
  const port = openAuditFiles(home.audit);
  const prove = () => proveTrail(kv, port, nowMs);
  const first = await prove();
  // Files may have been put in order between two looks at them.
  const proof = first.isWhole ? first : await prove();
  const last = (await findLastBackup(kv)) ?? null;
  return { ...rest, proof, last, fault: await findFault(last) };
}

/** As much of it as one look has time for. */
async function proveTrail(kv: Kv, port: AuditPort, nowMs: number): Promise<AuditProof> {
  const mark = await new Archive(kv, port, 'audit-file').findMark();
  const names = await port.list().catch(() => undefined);
  // Whoever walks it says what is wrong with the folder.
  if (names === undefined) return verifyAudit({ kv, port, mark }, undefined);
  const files = await Promise.all(
    names.map(async (name) => ({ name, bytes: await port.findSize(name) })),
  );
  const [newest, older] = planAuditParts(files, { nowMs, bytesMax: auditProvedBytesMax });
  const proof = await verifyAudit({ kv, port, mark }, undefined, newest);
  if (!proof.isWhole || older === undefined) return proof;
  const other = await verifyAudit({ kv, port, mark }, undefined, older);
  return other.broken === null ? proof : other;
}

/** One that was taken elsewhere, or is large, is its owner's affair. */
async function findFault(last: LastBackup | null): Promise<string | null> {
  if (last === null || last.bytes > backupReadBytesMax) return null;
  return readBackup(last.file, async ({ bytes }) => {
    for await (const _ of bytes) {
      // Read for its hash.
    }
  }).then(
    () => null,
    (thrown: unknown) => {
      const { message } = wrapError(thrown, 'BACKUP_DAMAGED');
      return message.includes('ENOENT') ? null : message;
    },
  );
}

/** Trail, backup and what was put aside. */
export const keepingSection: Section<KeepingContext> = defineSection({
  name: 'keeping',
  pace: 'slow',
  gather,
  checks: [chain, behind, old, unreadable, asides],
});
