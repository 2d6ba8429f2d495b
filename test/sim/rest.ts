/*
 * When a healed world is at rest: nothing runs, waits, is held or is owed any more.
 *
 * A worker that was revoked is left out: nobody speaks to it, so it keeps what it has for ever.
 */
import { isEnded, type JobRecord } from '../../cockpit/manager/job.ts';
import type { AgentBox } from './agent-box.ts';
import { findStrangersJobs } from './strangers.ts';
import type { World } from './world.ts';

/** What is still under way, in words; empty when the world is at rest. */
export function findUnrest(world: World): readonly string[] {
  const { hub } = world.hub;
  if (hub === undefined) return ['the hub does not serve'];
  if (world.hub.isStopping) return ['the hub has not stopped yet'];
  const active = hub.desk.listActive();
  const strangers = findStrangersJobs(world, active);
  const unended = active.filter((job: JobRecord) => !isEnded(job) && !strangers.has(job.id));
  const unrest = unended.map((job) => `${job.id} has not ended`);
  for (const note of world.history.processes) {
    if (note.isAlive) unrest.push(`a process of ${note.attempt} lives on ${note.box}`);
  }
  for (const { client, isDrawing } of world.history.screens) {
    if (isDrawing && client.isConnected) unrest.push(`${client.owner.name} still draws`);
  }
  for (const box of world.boxes) {
    const worker = hub.workers.find(box.key);
    if (worker !== undefined && worker.revokedAt !== null) continue;
    // Paired after the copy was made to which the hub was put back: it does not know it.
    if (worker === undefined && world.history.isHubRestored) continue;
    unrest.push(...findBoxUnrest(box));
    const streams = hub.workers.streamsOf(box.key);
    const waiting = streams?.waitingCount ?? 0;
    if (waiting > 0) unrest.push(`the hub has ${waiting} messages for ${box.name}`);
    const rows = world.hub.disk.listKeys(`o/${box.key}@${streams?.store}/`).length;
    if (rows > 0) unrest.push(`the hub keeps ${rows} outbox rows for ${box.name}`);
  }
  return unrest;
}

function findBoxUnrest({ name, agent, disk }: AgentBox): readonly string[] {
  if (agent === undefined) return [`${name} does not serve`];
  const { attempts, waiting } = agent.status;
  const unrest = attempts.map(({ attempt, state }) => `${name} holds ${attempt} (${state})`);
  if (waiting > 0) unrest.push(`${name} has ${waiting} messages for the hub`);
  if (disk.artifactCount > 0) unrest.push(`${name} keeps ${disk.artifactCount} sets of artifacts`);
  if (disk.logCount > 0) unrest.push(`${name} keeps ${disk.logCount} logs`);
  const rows = [...disk.listKeys('o/'), ...disk.listKeys('ah/')].length;
  if (rows > 0) unrest.push(`${name} keeps ${rows} rows`);
  return unrest;
}
