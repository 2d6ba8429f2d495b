/*
 * The launcher of an installed agent: a script of plain sh that runs the current version.
 *
 * It finds everything from the home that is written into it, so it can be called from anywhere and by anybody,
 * cron and systemd included. The hub writes it at the install, the box's doctor when it is gone.
 */

/** Its text for a home, which must be absolute and hold no quote. */
export function planLauncher(home: string): string {
  return `#!/bin/sh
# Runs the agent's current version, with the Node that was noted for it. Made by \`wally install\`.
h='${home}'
v=$(readlink "$h/current") && read -r n < "$h/$v.runtime" || {
  echo "odally: nothing is installed in $h" >&2
  exit 2
}
ODALLY_HOME=\${ODALLY_HOME:-$h}
export ODALLY_HOME
exec "$n" "$h/$v/odally.js" "$@"
`;
}
