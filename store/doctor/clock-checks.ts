/*
 * The check that somebody sets the clock of a box, where the system says.
 *
 * Source: timedatectl(1), systemd-timedated(8). Boxes without it say nothing, and that is no finding.
 */
import { type Check, listOne } from '../../protocol/doctor.ts';
import { defineSection, type Section } from '../../protocol/doctor-sections.ts';
import { runFix } from './box.ts';
import type { BoxContext } from './box-context.ts';
import { askMsMax } from './limits.ts';

interface ClockFacts {
  /** Can the system set it, does it try, has it succeeded? Null where nobody says. */
  readonly sync: Readonly<Record<'can' | 'tries' | 'is', boolean>> | null;
}

const unset: Check<ClockFacts, BoxContext> = {
  id: 'clock-unsynchronised',
  title: 'somebody sets the clock of the box',
  why: 'A clock that nobody sets drifts by seconds a day; times in reports mislead, and codes expire early.',
  area: 'box',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ sync }) =>
    listOne(
      sync?.can === true && !sync.tries && !sync.is
        ? {
            subject: 'clock',
            seen: 'Nobody sets the clock: time synchronisation is off.',
            wanted: 'A clock that is set by NTP.',
            advice: 'Run `timedatectl set-ntp true`.',
          }
        : undefined,
    ),
  fix: {
    // It changes the box for everybody on it.
    reach: 'here',
    plan: () => 'runs `timedatectl set-ntp true`',
    apply: ({ box }) => runFix(box, ['timedatectl', 'set-ntp', 'true']),
  },
};

/** The clock. */
export const clockSection: Section<BoxContext> = defineSection({
  name: 'clock',
  pace: 'slow',
  gather: async ({ box }: BoxContext): Promise<ClockFacts> => {
    const end = await box.run(
      ['timedatectl', 'show', '--property=CanNTP,NTP,NTPSynchronized'],
      askMsMax,
    );
    const says = (name: string) => new RegExp(`^${name}=yes$`, 'm').test(end?.stdout ?? '');
    if (end?.code !== 0 || !end.stdout.includes('NTPSynchronized=')) return { sync: null };
    return { sync: { can: says('CanNTP'), tries: says('NTP'), is: says('NTPSynchronized') } };
  },
  checks: [unset],
});
