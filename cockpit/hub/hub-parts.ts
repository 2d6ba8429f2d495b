/*
 * What a hub is made from: all of the world that it can see, so that the simulator can stand in for it.
 *
 * Types only. Nothing in here is optional, so that a test can't get the real thing by accident.
 */
import type { ServedControl } from '../../protocol/control.ts';
import type { PeerKey } from '../../protocol/model.ts';
import type { Ports } from '../../protocol/ports.ts';
import type { ReadonlyReach } from '../../protocol/reach.ts';
import type { AcceptLink, Link } from '../../protocol/transports/link.ts';
import type { StdioBytes } from '../../protocol/transports/stdio.ts';
import type { ArchivePort } from '../../store/archive.ts';
import type { ArtifactStore } from '../../store/artifact.ts';
import type { AuditPolicy, AuditPort } from '../../store/audit-keep.ts';
import type { DiskGuard } from '../../store/disk-guard.ts';
import type { HandNote } from '../../store/hand-note.ts';
import type { Kv } from '../../store/kv.ts';
import type { LogStore } from '../../store/log.ts';
import type { Source } from '../fleet/spawn/maker.ts';
import type { Ssh } from '../fleet/ssh.ts';
import type { Supplies } from '../fleet/supplies.ts';
import type { KeepPolicy } from '../manager/plan-retention.ts';
import type { Hub } from './hub.ts';

/** Where workers, and cockpits on other machines, come in, and where invites and hellos say that it is now. */
export interface Door extends ReadonlyReach {
  /**
   * Answers a box over bytes that lead to it: `only` where it is named, else whoever the door admits.
   * Errors: LINK_*.
   */
  answer(bytes: StdioBytes, only?: PeerKey): Promise<Link>;
  /** Through how many nodes of a DHT it is met now; undefined where none is configured. */
  meetingNodeCount(): number | undefined;
  /** Does the NAT before it, as those nodes see it, let no hole be punched? */
  hasRandomNat(): boolean;
  /** Announces the hub there again, soon. */
  announce(): void;
  /** Ends this peer's links at once. */
  kick(key: PeerKey): void;
  close(): Promise<void>;
}

/** Everything a hub is made from. */
export interface HubParts {
  readonly ports: Ports;
  readonly kv: Kv;
  readonly disk: DiskGuard;
  readonly handNote: HandNote;
  readonly logs: LogStore;
  readonly artifacts: ArtifactStore;
  /** How long things are kept, and where they go then. */
  readonly keep: { readonly policy: KeepPolicy; readonly archive: ArchivePort };
  /** How long the audit trail is kept, and the files of what is old of it. */
  readonly audit: { readonly policy: AuditPolicy; readonly port: AuditPort };
  /** Unended attempts that a worker has at once; the limits' own where absent. */
  readonly attemptsGiven?: number;
  readonly key: PeerKey;
  readonly version: string;
  readonly openDoor: (who: {
    admits(key: PeerKey): boolean;
    /** May this key have several links at once? The programs of one cockpit share its key. */
    sharesKey(key: PeerKey): boolean;
    /** Workers that would all dial at once when the hub starts again. */
    countExpected(): number;
    readonly accept: AcceptLink;
  }) => Promise<Door>;
  /** Holds the control conversation with a cockpit on another machine. */
  readonly serveCockpit: (link: Link) => ServedControl;
  /** The person's own way onto other boxes. */
  readonly ssh: Ssh;
  /** What is put onto them. */
  readonly supplies: Supplies;
  /** Where boxes can be had from, by name. */
  readonly openSources: (hub: Hub) => ReadonlyMap<string, Source>;
  readonly noticed: (line: string) => void;
}
