import type { Shell } from './command.ts'

const CLEAR_LINE = '\r\u001b[K'
/** In a log each line stays, so there are few. */
const LINE_EVERY_MS = 5_000

/**
 * Shows how far long work is: on a terminal in one line that is rewritten and then gone, elsewhere in a line every five seconds.
 * @param work is handed what shows the next state
 */
export async function withProgress<T> ({ stderr, now }: Pick<Shell, 'stderr' | 'now'>, work: (show: (state: string) => void) => Promise<T>): Promise<T> {
  if (!stderr.isTTY) return await work(lineNowAndThen(stderr, now))
  try {
    return await work(state => stderr.write(CLEAR_LINE + state))
  } finally {
    stderr.write(CLEAR_LINE)
  }
}

function lineNowAndThen (stderr: Shell['stderr'], now: Shell['now']): (state: string) => void {
  let shownAt = now()
  return state => {
    if (now() - shownAt < LINE_EVERY_MS) return
    shownAt = now()
    stderr.write(`${state}\n`)
  }
}
