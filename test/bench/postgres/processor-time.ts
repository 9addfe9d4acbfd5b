/** The processor time of the server's processes, on Linux. */
import { readdirSync, readFileSync } from 'node:fs';

/** The milliseconds of a tick of the kernel's clock, as user programs see it. */
const TICK = 10;

/** Returns the milliseconds of processor time that the server has used, or 0 if the system does not report it. */
export function serverTime(dataFolder: string): number {
  if (process.platform !== 'linux') return 0;
  const postmaster = readFileSync(`${dataFolder}/postmaster.pid`, 'utf8').split('\n')[0]!;
  let ticks = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    let stat: string;
    try {
      stat = readFileSync(`/proc/${name}/stat`, 'utf8');
    } catch {
      // The process has ended.
      continue;
    }
    // The fields after the name of the program, which may contain spaces. The parent is field 4. The times are fields
    // 14 to 17.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const isPostmaster = name === postmaster;
    if (!isPostmaster && fields[1] !== postmaster) continue;
    const times = isPostmaster ? fields.slice(11, 15) : fields.slice(11, 13);
    ticks += times.reduce((sum, time) => sum + Number(time), 0);
  }
  return ticks * TICK;
}
