/*
 * The way onto a spawned box: the same install as `wally install`, over ssh or through a provider's wrapper.
 *
 * Taking an agent off again ends it and removes what is its own of its home; what it owed was asked about before.
 * A box whose agent cannot be ended keeps its home, so that it can be tried again. An agent of another hub, or of
 * another name, is never touched.
 * Errors: INSTALL_*, SSH_*, PAIR_*, SPAWN_ENTER.
 */
import { AppError } from '../../../protocol/errors.ts';
import type { PeerKey } from '../../../protocol/model.ts';
import type { Hub } from '../../hub/hub.ts';
import type { SshPlace } from '../../manager/box.ts';
import { install } from '../install.ts';
import { stepTitles } from '../plan-install.ts';
import { readScript, spellHome } from '../shell.ts';
import { uninstallMsMax } from './limits.ts';
import type { EnterOrder } from './maker.ts';

/** Gets an agent onto a box and off again. */
export interface Entrance {
  /** Gives the agent's key. */
  install(place: SshPlace, order: EnterOrder): Promise<PeerKey>;
  /** Takes off the agent that was paired under one of these names; another one is left as it is. */
  uninstall(place: SshPlace, names: readonly string[]): Promise<void>;
}

/** Who an agent may be, as its home says. */
interface Pairing {
  readonly hub: PeerKey;
  /** Letters, digits and dashes, as all names of workers. */
  readonly names: readonly string[];
}

/** Statuses by which the script below says what it found. */
const runsStill = 71;

/** The entrance of this hub. */
export function openEntrance(hub: Hub): Entrance {
  return {
    async install(place, { box, told }) {
      // Nobody leaves an install that the hub began itself; ssh ends with the hub's process.
      const { signal } = new AbortController();
      const tell = ({
        step,
        state,
        words,
      }: Parameters<Parameters<typeof install>[0]['tell']>[0]) => {
        if (state === 'begun') told(`${stepTitles[step]}: ${words}`);
      };
      const { worker } = await install({ hub, tell, signal }, { place, name: box.name });
      return worker.key;
    },
    async uninstall(place, names) {
      const stdin = planUninstall(place.home, { hub: hub.key, names });
      const end = await hub.ssh.run(place, readScript, { stdin, timeoutMs: uninstallMsMax });
      if (end.code === 0) return;
      const words = end.stderr.trim().split('\n').slice(-3).join(' ').slice(0, 300);
      const what =
        end.code === runsStill ? 'Its agent does not end' : 'Its agent was not taken off';
      throw new AppError('SPAWN_ENTER', `${place.target}: ${what}: ${words}`);
    },
  };
}

/**
 * The service first, or it starts the agent again; the home last, and only where nothing runs in it. Whose agent it
 * is, is asked first: a host may have had one before the pool got it, and an install that was refused for that
 * comes here too.
 */
function planUninstall(home: string | undefined, { hub, names }: Pairing): string {
  const ours = names.map((name) => `*'"name":"${name}"'*`).join('|');
  return `
LC_ALL=C; export LC_ALL
h="${spellHome(home)}"
ODALLY_HOME=$h; export ODALLY_HOME
p=$(cat "$h/pairing.json" 2>/dev/null | tr -d ' \t\r\n')
case "$p" in
  '') ;;
  *'"hub":"${hub}"'*) case "$p" in ${ours}) ;; *) exit 0 ;; esac ;;
  *) exit 0 ;;
esac
if [ ! -e "$h/bin/odally" ]; then
  [ -z "$p" ] || exit 0
  rm -rf "$h/versions" "$h/runtime" "$h/bin"
  rmdir "$h" 2>/dev/null
  exit 0
fi
"$h/bin/odally" service remove >/dev/null 2>&1
"$h/bin/odally" stop >/dev/null 2>&1
tries=0
while "$h/bin/odally" status --json >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || { echo "it still answers" >&2; exit ${runsStill}; }
  sleep 0.5
done
for f in "$h"/* "$h"/.[!.]*; do
  case "$f" in */config.toml|*/policy.toml|*/backups) ;; *) rm -rf "$f" ;; esac
done
rmdir "$h" 2>/dev/null
exit 0
`;
}
