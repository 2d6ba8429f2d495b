/*
 * Caps of spawning, with where each came from.
 *
 * What a provider's own config may change is only a default here; what keeps the hub bounded is not.
 */

/** Boxes of one provider at once where its config says nothing: a slip should not be a bill. */
export const boxesMaxDefault = 4;

/** The most that a config may say: a hub's row, look and session for each are cheap, boxes are not. */
export const boxesMaxMax = 200;

/** Making a box: a cloud's image with its start scripts takes minutes, a codespace without a prebuild ten. */
export const upMsDefault = 15 * 60_000;

/** Listing boxes is one question to an API. */
export const listMsDefault = 60_000;

/** Letting a box go: deleting waits for volumes and networks in some clouds. */
export const downMsDefault = 10 * 60_000;

/** The longest that any command may be given. */
export const commandMsMax = 60 * 60_000;

/** Between two looks while something is under way. */
export const lookMsDefault = 5000;

/** Between two looks while all is well: what vanished is settled two of them later. */
export const watchMsDefault = 60_000;

/** How long a box that was just made may be missing from the list: clouds are eventually consistent. */
export const settleMsDefault = 60_000;

/** Bytes of output kept of a command; a list of 200 codespaces or workspaces is some 700 KB. */
export const commandBytesMax = 8 * 1024 * 1024;

/** Words of a command's complaint that are shown. */
export const complaintLettersMax = 400;

/** Hosts of one pool: each is asked over ssh at every look. */
export const poolHostsMax = 64;

/** Hosts that are asked at once. */
export const hostsAtOnceMax = 8;

/** One question to a host of a pool. */
export const hostMsMax = 20_000;

/**
 * Letters of the name of a spawned box: with `wally-`, six digits of the hub's key and a dash before it, it is
 * within the 32 letters that Coder gives a workspace (and the 48 of a codespace's display name).
 */
export const spawnNameLettersMax = 19;

/** An agent on this box serves within this time: its own start is given 20 s, and pairing 10. */
export const agentStartMsMax = 60_000;

/** An agent that was asked to stop ends its work first, which is given up to ten seconds, and closes its store. */
export const agentGoneMsMax = 30_000;

/** How often its process is looked at meanwhile. */
export const agentGoneLookMs = 50;

/** From the end of an install to the moment at which the hub sees the agent. */
export const seenMsMax = 60_000;

/** Boxes that are made at once, over all providers: each is a program that runs for minutes. */
export const upsAtOnceMax = 8;

/** A box past its time that still has work is looked at so often. */
export const keptLookMs = 5000;

/** How long a code for a box is good: an install over a slow line copies some 60 MB first. */
export const inviteMs = 30 * 60_000;

/** Boxes that one `spawn` makes. */
export const spawnCountMax = 50;

/** Rows of spawned boxes read back at start: far more than any config's `max` adds up to. */
export const spawnRowsMax = 10_000;

/** Taking an agent off a box: its work is given ten seconds, its service and its store some more. */
export const uninstallMsMax = 90_000;
