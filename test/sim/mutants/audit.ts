/*
 * Mutants of the audit trail: entries that are not on the disk with what they tell of, chains that break.
 */
import type { Mutant } from './mutant.ts';

/** All of them. */
export const auditMutants: readonly Mutant[] = [
  {
    id: 'audit-behind-effect',
    breaks: 'an agent writes down what it was asked only after that is on the disk',
    edits: [
      {
        file: 'agent/agent.ts',
        find: 'seal: () => [...this.#rows.seal(), ...this.#asks.trail.seal()],',
        replace:
          'seal: () => {\n        const rows = this.#rows.seal();\n        return rows.length > 0 ? rows : this.#asks.trail.seal();\n      },',
      },
    ],
    focus: ['agent-crash', 'agent-slow-disk'],
  },
  {
    id: 'audit-dispatch-unsealed',
    breaks: 'the trail of the hub does not go with its batches',
    edits: [
      {
        file: 'cockpit/hub/hub.ts',
        find: 'const seal = () => [...journal.seal(), ...ends.seal(), ...this.#audit.seal()];',
        replace: 'const seal = () => [...journal.seal(), ...ends.seal()];',
      },
    ],
  },
  {
    id: 'audit-begins-anew',
    breaks: 'after a restart the chain begins anew',
    edits: [
      {
        file: 'store/audit-keep.ts',
        find: 'if (known !== undefined) return known;',
        replace: '',
      },
    ],
    focus: ['agent-crash'],
  },
];
