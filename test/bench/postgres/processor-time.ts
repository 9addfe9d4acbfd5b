/** The processor time of the server's processes, on Linux. */
import { readdirSync, readFileSync } from 'node:fs';

/** The milliseconds of a tick of the kernel's clock, as user programs see it. */
const TICK = 10;

/** Returns the milliseconds of processor time that the server has used, or 0 if the system does not report it. */
export function serverTime(dataFolder: string): number {
  if (process.platform !== 'linux') return 0;
  const postmaster = readFileSync(`${dataFolder}/postmaster.pid`, 'utf8').split('\n')[0]!;
  let milliseconds = 0;
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
    const times = isPostmaster ? fields.slice(13, 15) : [];
    milliseconds += times.reduce((sum, time) => sum + Number(time) * TICK, 0) + timeOf(name, fields);
  }
  return milliseconds;
}

/** Returns the milliseconds of a process. The scheduler counts nanoseconds, and a kernel without its counters ticks. */
function timeOf(name: string, fields: readonly string[]): number {
  try {
    return Number(readFileSync(`/proc/${name}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return (Number(fields[11]) + Number(fields[12])) * TICK;
  }
}
