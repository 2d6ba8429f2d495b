/*
 * The launcher of an installed agent: a script of plain sh that runs the current version.
 *
 * It finds everything from the home that is written into it, so it can be called from anywhere and by anybody,
 * cron and systemd included. The hub writes it at the install, the box's doctor when it is gone. A
 * change of version that a reboot or a kill cut off is taken up by it, with the version that is left: what is
 * current then may be one that does not start. That goes on behind, so nobody waits for it.
 */
import { daemonEnvironment } from './daemon.ts';

/** What an agent in the background is given, where nobody says otherwise. */
const exports = Object.entries(daemonEnvironment)
  .map(([name, value]) => `export ${name}="\${${name}:-${value}}"\n`)
  .join('');

/** Its text for a home, which must be absolute and hold no quote. */
export function planLauncher(home: string): string {
  return `#!/bin/sh
# Runs the agent's current version, with the Node that was noted for it. Made by \`wally install\`.
h='${home}'
u="$h/upgrade.json"
if grep -q -e '"phase": "switched"' -e '"isDown": true' "$u" 2>/dev/null; then
  f=$(sed -n 's/^  "from": "\\([^"]*\\)",$/\\1/p' "$u")
  o=$(cat "$h/versions/$f.runtime") && (
    ODALLY_HOME="$h" "$o" "$h/versions/$f/odally.js" upgrade --json </dev/null >/dev/null 2>&1 &
  )
fi
v=$(readlink "$h/current") && read -r n < "$h/$v.runtime" || {
  echo "odally: nothing is installed in $h" >&2
  exit 2
}
ODALLY_HOME=\${ODALLY_HOME:-$h}
export ODALLY_HOME
${exports}exec "$n" "$h/$v/odally.js" "$@"
`;
}
