/*
 * Spawned boxes and providers as the shapes that go out, and in words.
 *
 * Nothing is asked of a provider here: what is shown is what the desk knows.
 */
import { AppError } from '../../protocol/errors.ts';
import type { Source } from '../fleet/spawn/maker.ts';
import type { Hub } from '../hub/hub.ts';
import { orderOf } from '../hub/spawn-desk.ts';
import { findEnd } from '../hub/spawn-patrol.ts';
import { countBoxes } from '../manager/spawn-pool.ts';
import type { SpawnRecord } from '../manager/spawn-state.ts';
import type { BoxPlan, BoxRow, ProviderRow } from './box-shapes.ts';
import { formatInstant } from './present.ts';
import { formatDuration, showTable } from './text.ts';
import type { Style } from './verb.ts';

/** One box. */
export function presentBox(hub: Hub, record: SpawnRecord): BoxRow {
  const { name, provider, state, tag, isPooled, askedAt, spawnedAt, ttlMs } = record;
  const box = 'box' in state ? state.box : null;
  const worker = record.worker === undefined ? undefined : hub.workers.find(record.worker);
  return {
    ...{ name, provider, state: state.is, tag, isPooled },
    worker: worker?.name ?? null,
    id: box?.id ?? null,
    address: box?.address ?? null,
    askedAt: formatInstant(askedAt),
    spawnedAt: spawnedAt === null ? null : formatInstant(spawnedAt),
    ttlMs: ttlMs ?? null,
    ttlLeftMs: findTimeLeft(hub, record),
    note: describeNow(hub, record),
  };
}

/** Until an idle box is let go. */
export function findTimeLeft(hub: Hub, record: SpawnRecord): number | null {
  const end = findEnd(record);
  return end === undefined ? null : Math.max(0, Math.round(end - hub.ports.clock.wallMs()));
}

/** What is being done, or why it stands where it does; and that nothing is heard of it, where its list cannot be read. */
function describeNow(hub: Hub, record: SpawnRecord): string | null {
  const { name, provider, state } = record;
  const isLookedFor = 'lookAt' in state || state.is === 'ending';
  const unread = isLookedFor ? hub.spawned.findUnread(provider) : undefined;
  const words = [
    hub.spawned.findStep(name) ?? findReason(record) ?? [],
    unread === undefined ? [] : `The list of ${provider} cannot be read: ${unread}`,
  ].flat();
  return words.length === 0 ? null : words.join(' ');
}

function findReason({ state }: SpawnRecord): string | undefined {
  if (state.is === 'leaving') return state.why;
  // What comes right after it was let go is no trouble yet.
  if (state.is === 'ending' && state.tries === 0) return undefined;
  return 'reason' in state && state.reason !== '' ? state.reason : undefined;
}

/** One provider. */
export function presentProvider(hub: Hub, { provider, maker }: Source): ProviderRow {
  const { name, kind, max, warm, ttl } = provider;
  const boxes = hub.spawned.list().filter((record) => record.provider === name);
  return {
    ...{ name, kind, max, warm },
    boxes: countBoxes(boxes),
    pool: hub.spawned.pool(name).is,
    ttlMs: ttl ?? null,
    missing: findMissing(maker),
  };
}

function findMissing({ describe }: Source['maker']): string | null {
  try {
    describe({ name: 'x', tag: 'wally-000000-x', madeAt: 0, others: [] });
    return null;
  } catch (error) {
    if (error instanceof AppError) return error.message;
    throw error;
  }
}

/** What would be done to give them. */
export function presentSpawnPlan({ spawned }: Hub, records: readonly SpawnRecord[]): BoxPlan {
  return {
    plan: records.map((record) => ({
      name: record.name,
      steps: record.isPooled
        ? ['take it from the pool, where it is ready']
        : spawned.getSource(record.provider).maker.describe(orderOf(record)),
    })),
  };
}

/** One line a box. */
export function showBoxes(boxes: readonly BoxRow[], style: Style): string {
  if (boxes.length === 0) return 'No box is spawned. Run `wally spawn PROVIDER`.';
  const rows = boxes.map((box) => [
    box.worker ?? box.name,
    box.provider,
    box.isPooled ? `${box.state} (pool)` : box.state,
    box.id ?? '-',
    box.ttlLeftMs === null ? '-' : formatDuration(box.ttlLeftMs),
    box.note ?? '',
  ]);
  return showTable(['NAME', 'PROVIDER', 'STATE', 'BOX', 'LEFT', 'NOW'], rows, style);
}

/** How a box stands, in one line. */
export function showBoxStep({ name, provider, state, note }: BoxRow): string {
  return `${name} (${provider}) ${state}${note === null ? '' : `: ${note}`}`;
}

/** A plan in words. */
export function showBoxPlan({ plan }: BoxPlan, style: Style): string {
  return plan
    .map(({ name, steps }) => [style.strong(name), ...steps.map((step) => `  ${step}`)].join('\n'))
    .join('\n');
}

/** One line a provider. */
export function showProviders(rows: readonly ProviderRow[], style: Style): string {
  const cells = rows.map((row) => [
    row.name,
    row.kind,
    `${row.boxes} of ${row.max}`,
    row.pool === 'on' ? String(row.warm) : `${row.warm} (${row.pool})`,
    row.ttlMs === null ? '-' : formatDuration(row.ttlMs),
    row.missing ?? '',
  ]);
  return showTable(['PROVIDER', 'KIND', 'BOXES', 'WARM', 'TTL', 'MISSING'], cells, style);
}
