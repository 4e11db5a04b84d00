import { readFileSync } from 'node:fs'

/** Linux tells it in hundredths of a second, on every machine. */
const TICK_MICROSECONDS = 10_000
/** Places in `stat` after the name: time as a user and in the system; then the same of children that have ended. */
const OWN = [11, 12]
const ENDED_CHILDREN = [13, 14]

/** Microseconds of processor time that a process and its children have used. What else runs on the machine is not in it. */
export function cpuTimeOf (pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
  return sum([ticks(pid, [...OWN, ...ENDED_CHILDREN]), ...children.map(child => ticks(Number(child), OWN))]) * TICK_MICROSECONDS
}

function ticks (pid: number, places: number[]): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return sum(places.map(place => Number(fields[place])))
}

/** Megabytes of memory at the most so far. */
export function mostMemoryOf (pid: number): number {
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024)
}

function sum (numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
