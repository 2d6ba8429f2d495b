/*
 * What an agent is made from and what it shows of itself: the contract of `agent.ts`, types only.
 *
 * All of the world comes in through `AgentParts`, so the program and the simulator differ only here.
 */
import type { UpgradeTold } from '../protocol/box-frames.ts';
import type { OwnerFrame } from '../protocol/frames.ts';
import type { AttemptId, PeerKey } from '../protocol/model.ts';
import type { Ports } from '../protocol/ports.ts';
import type { Reach } from '../protocol/reach.ts';
import type { Link } from '../protocol/transports/link.ts';
import type { ArtifactStore } from '../store/artifact.ts';
import type { AuditPolicy, AuditPort } from '../store/audit-keep.ts';
import type { DiskGuard, DiskHealth } from '../store/disk-guard.ts';
import type { HandNote } from '../store/hand-note.ts';
import type { Kv } from '../store/kv.ts';
import type { LogStore } from '../store/log.ts';
import type { Diagnose } from './doctor/answer.ts';
import type { DrainReason } from './drain.ts';
import type { GuardSource } from './guard/guard-process.ts';
import type { LifeState } from './life-machine.ts';
import type { DialHow } from './loops/keep-link.ts';
import type { Parting } from './parting.ts';
import type { PolicySummary } from './policy/describe.ts';
import type { Policies } from './policy/policies.ts';
import type { Workshop } from './work/work.ts';

/** An agent as it lies on its box. */
export interface InstalledAgent {
  /** The version that runs, by the name of its directory; undefined where it was not installed as one. */
  readonly build: string | undefined;
  /** What became of the last change of version here. */
  readonly upgrade: UpgradeTold | undefined;
  /** The hub asks this box to leave. Never rejects. */
  askedToLeave(
    ask: Extract<OwnerFrame, { t: 'leave-ask' }>,
    way: { readonly parting: Parting; readonly send: (frame: OwnerFrame) => unknown },
  ): Promise<void>;
}

/** Everything an agent is made from. */
export interface AgentParts {
  readonly ports: Ports;
  readonly kv: Kv;
  readonly disk: DiskGuard;
  readonly handNote: HandNote;
  readonly logs: LogStore;
  readonly artifacts: ArtifactStore;
  /** How long the audit trail is kept, and the files of what is old of it. */
  readonly audit: { readonly policy: AuditPolicy; readonly port: AuditPort };
  readonly workshop: Workshop;
  /** Who ends leased work where this agent can't. */
  readonly guards: GuardSource;
  /** One try to reach the hub; ends by itself. */
  readonly dial: (how: DialHow) => Promise<Link>;
  /** The hub says where it may be found from now on. */
  readonly reachTold: (reach: Reach) => void;
  readonly hub: PeerKey;
  readonly host: string;
  readonly version: string;
  /** Jobs that run at once; null for one a cpu. */
  readonly slots: number | null;
  /** What the hub may do on this box. */
  readonly policies: Policies;
  /** Told, in words, what a person who reads the log should know. */
  readonly noticed: (line: string) => void;
  /** Diagnoses this agent and its home. */
  readonly diagnose: Diagnose;
  /** How it lies on its box. */
  readonly installed: InstalledAgent;
}

/** What `odally status` shows. */
export interface AgentStatus {
  readonly life: LifeState['is'];
  readonly name: string | null;
  readonly hub: PeerKey;
  readonly link: string;
  /** Had it a session with the hub since it was started? Earlier versions do not say. */
  readonly hadSession?: boolean;
  readonly work: string;
  readonly logs: string;
  readonly deadlines: string;
  readonly terminals: string;
  readonly leases: string;
  /** What the box lets its hub do, and how it keeps work apart. */
  readonly policy: PolicySummary;
  readonly attempts: readonly { readonly attempt: AttemptId; readonly state: string }[];
  readonly waiting: number;
  readonly disk: DiskHealth;
  readonly build: string | null;
  /** Why nothing new starts; null where it does. */
  readonly draining: DrainReason | null;
}
