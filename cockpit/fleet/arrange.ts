/*
 * Making a version that lies on a box the current one: its runtime noted, the launcher, the link.
 *
 * The link is put in place by a rename, by the very Node that is going to run the agent, so a Node that
 * does not run there is found before anything points to it. Safe to repeat.
 * Errors: INSTALL_RUNTIME, INSTALL_HOME, INSTALL_FAILED, SSH_*.
 */
import { AppError } from '../../protocol/errors.ts';
import { planLauncher } from '../../protocol/launcher.ts';
import type { BoxWay } from './deliver.ts';
import { readScript } from './shell.ts';

/** What is to be current. */
export interface Arrangement {
  /** `$ODALLY_HOME` there, absolute. */
  readonly home: string;
  /** The name of a directory in `versions`. */
  readonly version: string;
  /** The Node that runs it, absolute. */
  readonly node: string;
}

const said = { node: 76, home: 73, agent: 77 } as const;

/** Makes it so, and sees that the agent starts. */
export function arrange(way: BoxWay, what: Arrangement): Promise<void> {
  return run(way, what, planArrange(what));
}

/** Writes the launcher of a home that has a current version, as this hub's version of it is. */
export function layLauncher(way: BoxWay, home: string): Promise<void> {
  const script = `umask 077\ncd '${home}' && mkdir -p bin || exit ${said.home}\n${planLaunch(home)}`;
  return run(way, { home, node: '' }, script);
}

async function run(
  { ssh, place, signal }: BoxWay,
  { home, node }: Pick<Arrangement, 'home' | 'node'>,
  stdin: string,
): Promise<void> {
  const options = signal === undefined ? {} : { signal };
  const { code, stderr } = await ssh.run(place, readScript, { stdin, ...options });
  if (code === 0) return;
  const words = stderr.trim().split('\n').slice(0, 3).join(' ').slice(0, 300);
  if (code === said.node) {
    throw new AppError('INSTALL_RUNTIME', `${node} does not run there: ${words}`);
  }
  if (code === said.home) throw new AppError('INSTALL_HOME', `${home}: ${words}`);
  throw new AppError('INSTALL_FAILED', `The agent does not start there: ${words}`);
}

/** Run in the home. */
function planLaunch(home: string): string {
  return `cat > bin/odally.new <<'END' || exit ${said.home}
${planLauncher(home)}END
chmod 700 bin/odally.new && mv -f bin/odally.new bin/odally || exit ${said.home}
`;
}

function planArrange({ home, version, node }: Arrangement): string {
  return `
LC_ALL=C; export LC_ALL; umask 077
h='${home}'; v='${version}'; n='${node}'
"$n" -e 0 || exit ${said.node}
cd "$h" && mkdir -p bin || exit ${said.home}
printf '%s\\n' "$n" > "versions/$v.runtime.new" && mv -f "versions/$v.runtime.new" "versions/$v.runtime" || exit ${said.home}
${planLaunch(home)}"$n" "versions/$v/odally.js" --version || exit ${said.agent}
if [ "$(readlink current 2>/dev/null)" != "versions/$v" ]; then
  rm -f current.new && ln -s "versions/$v" current.new || exit ${said.home}
  "$n" -e 'require("node:fs").renameSync("current.new", "current")' || exit ${said.home}
fi
bin/odally --version || exit ${said.agent}
`;
}
