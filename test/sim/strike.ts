/*
 * How a planned fault is carried out on a world.
 *
 * Whatever it takes down it brings up again after its time; what it changed for good (a disk put
 * back, a key used twice) is noted, and a person mends it when the world is healed.
 */
import type { AgentBox } from './agent-box.ts';
import type { Chance } from './chance.ts';
import type { SimDisk } from './disk.ts';
import type { Fault } from './faults.ts';
import { makeGarbage } from './garbage.ts';
import type { World } from './world.ts';

/** What a fault needs to draw when it happens comes from `chance`. */
export function strike(world: World, fault: Fault, chance: Chance): void {
  if ('box' in fault) {
    const box = world.boxes[fault.box];
    if (box !== undefined) strikeBox(world, box, { fault, chance });
  } else {
    strikeHub(world, fault);
  }
}

/** A write that fails is tried again for so long, at most. */
const failingMs = 30_000;

type BoxFault = Extract<Fault, { readonly box: number }>;

/** Writes are tried again, and until then nothing is done that needs one; the first may come long after the fault. */
function noteFailing({ clock, history }: World, { name, disk }: AgentBox): void {
  const idle = { box: name, at: clock.nowMs, until: 0 };
  history.idle.push(idle);
  const look = () => {
    idle.until = clock.nowMs + failingMs;
    if (disk.isFailing) clock.after(1000, look);
  };
  look();
}

function strikeBox(
  world: World,
  box: AgentBox,
  { fault, chance }: { readonly fault: BoxFault; readonly chance: Chance },
): void {
  const { network, clock, trace, history } = world;
  const again = (ms: number) => void clock.after(ms, () => box.start());
  switch (fault.kind) {
    case 'cut':
      trace.note(`links of ${box.name} are cut`);
      return network.cut(box.name);
    case 'partition':
      return part(world, box, fault);
    case 'agent-crash':
      box.crash();
      return again(fault.ms);
    case 'agent-stop':
      box.stop();
      return again(fault.ms);
    case 'agent-pause':
      box.pause();
      return void clock.after(fault.ms, () => box.resume());
    case 'agent-disk':
      trace.note(`the next ${fault.count} writes of ${box.name} fail`);
      box.disk.failRows(fault.count);
      return noteFailing(world, box);
    case 'agent-log-disk':
      trace.note(`the next ${fault.count} writes of logs of ${box.name} fail`);
      return box.disk.failLogs(fault.count);
    case 'agent-full':
      return fill(world, { disk: box.disk, whose: box.name, ms: fault.ms });
    case 'agent-slow-disk':
      trace.note(`the disk of ${box.name} is slow for ${Math.round(fault.ms)} ms`);
      history.idle.push({ box: box.name, at: clock.nowMs, until: clock.nowMs + fault.ms + 5000 });
      return box.disk.slow(clock.nowMs + fault.ms);
    case 'agent-wipe':
      box.wipe();
      return again(fault.ms);
    case 'agent-restore': {
      const copy = box.disk.copy();
      return void clock.after(fault.ms, () => {
        if (world.isHealed) return;
        box.restore(copy);
        again(500);
      });
    }
    case 'data-loss':
      trace.note(`messages of ${box.name} are lost for ${Math.round(fault.ms)} ms`);
      return network.loseData(box.name, clock.nowMs + fault.ms);
    case 'agent-twin':
      return world.addTwin(box, fault.has, fault.ms);
    case 'agent-clock':
      return box.stepClock((chance.happens(0.5) ? 1 : -1) * fault.ms);
    case 'garbage':
      trace.note(`garbage for ${box.name}, ${fault.way}`);
      return network.inject(box.name, fault.way, makeGarbage(chance));
  }
}

function part(
  { network, clock, trace, troubleMs }: World,
  { name }: AgentBox,
  { ways, ms }: Extract<BoxFault, { readonly kind: 'partition' }>,
): void {
  trace.note(`partition of ${name}, ${ways}, ${Math.round(ms)} ms`);
  for (const way of ['to-hub', 'to-agent'] as const) {
    if (ways !== 'both' && ways !== way) continue;
    network.block(name, way, Math.min(clock.nowMs + ms, troubleMs));
  }
}

function fill(
  { clock, trace, history }: World,
  { disk, whose, ms }: { readonly disk: SimDisk; readonly whose: string; readonly ms: number },
): void {
  trace.note(`the disk of ${whose} is full for ${Math.round(ms)} ms`);
  history.count('full disks');
  history.fullBoxes.add(whose);
  disk.fill();
  clock.after(ms, () => {
    trace.note(`the disk of ${whose} has room`);
    disk.empty();
  });
}

function strikeHub(world: World, fault: Exclude<Fault, BoxFault>): void {
  const { hub, clock, trace, network, history } = world;
  switch (fault.kind) {
    case 'hub-crash':
      hub.crash();
      return void clock.after(fault.ms, () => hub.start());
    case 'hub-stop':
      hub.stop();
      return void clock.after(fault.ms, () => hub.start());
    case 'hub-pause':
      hub.pause();
      return void clock.after(fault.ms, () => hub.resume());
    case 'hub-disk':
      history.idle.push({ box: 'hub', at: clock.nowMs, until: clock.nowMs + 30_000 });
      trace.note(`the next ${fault.count} writes of the hub fail`);
      return hub.disk.failRows(fault.count);
    case 'hub-log-disk':
      trace.note(`the next ${fault.count} writes of logs of the hub fail`);
      return hub.disk.failLogs(fault.count);
    case 'hub-full':
      history.idle.push({ box: 'hub', at: clock.nowMs, until: clock.nowMs + fault.ms + 30_000 });
      return fill(world, { disk: hub.disk, whose: 'the hub', ms: fault.ms });
    case 'hub-slow-disk':
      trace.note(`the disk of the hub is slow for ${Math.round(fault.ms)} ms`);
      return hub.disk.slow(clock.nowMs + fault.ms);
    case 'hub-restore': {
      const copy = hub.disk.copy();
      const accepted = new Set(history.accepted);
      return void clock.after(fault.ms, () => {
        if (world.isHealed) return;
        hub.restore(copy, accepted);
        clock.after(500, () => hub.start());
      });
    }
    case 'hub-clock':
      return hub.stepClock(fault.ms);
    case 'spike':
      trace.note(`everything is slow for ${Math.round(fault.ms)} ms`);
      return network.spike(clock.nowMs + fault.ms);
  }
}
