/*
 * Goes back to the older store of a home, and is killed right before the rename of this number.
 *
 * Run as `node rename-killer.ts STORE NUMBER`; it ends with status 0 where there were fewer renames.
 */
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const [store = '', number = '0'] = process.argv.slice(2);
const { rename } = fs;
let count = 0;
fs.rename = async (from, to) => {
  count += 1;
  if (count === Number(number)) process.kill(process.pid, 'SIGKILL');
  return rename(from, to);
};
syncBuiltinESMExports();
const { restoreStore } = await import('../../../agent/install/restore-store.ts');
await restoreStore(store, 17);
