import type { Seen } from './check.ts'

export interface Row extends Seen {
  tool: string
  asks: string
  seconds: number
}

export function printTable (rows: Row[]): void {
  console.table(rows.map(({ tool, asks, seconds, answers, summary, faults }) => ({
    tool, asks, seconds, requests: total(answers), seen: summary ?? inWords(answers), faults: faults.length
  })))
}

/** Such as `200×21 404×3`. */
export function inWords (answers: Seen['answers']): string {
  return [...answers].sort(([a], [b]) => a - b).map(([status, times]) => `${status}×${times}`).join(' ')
}

function total (answers: Seen['answers']): number | string {
  return answers.size === 0 ? '' : [...answers.values()].reduce((sum, times) => sum + times, 0)
}
