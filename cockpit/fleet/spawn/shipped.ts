/*
 * The providers that come along, as the data files beside this.
 *
 * A person's config is laid over them by name. `generic` is one to begin from: every place of it is filled by
 * `values`. Nothing is decided here.
 */

import coder from './providers/coder.json' with { type: 'json' };
import codespaces from './providers/codespaces.json' with { type: 'json' };
import ec2 from './providers/ec2.json' with { type: 'json' };
import generic from './providers/generic.json' with { type: 'json' };

/** Name → data. */
export const shippedProviders: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  local: { kind: 'local' },
  ssh: { kind: 'ssh' },
  codespaces,
  ec2,
  coder,
  generic,
};
