import type { Shell } from './command.ts'

const CLEAR_LINE = '\r\u001b[K'

/**
 * Tells how far a long work is, in one line that is rewritten and then gone. Only on a terminal: in a log each state of it would stay.
 * @param work is handed what shows the next state
 */
export async function withProgress<T> ({ stderr }: Shell, work: (show: (state: string) => void) => Promise<T>): Promise<T> {
  const write = (text: string) => { if (stderr.isTTY) stderr.write(text) }
  try {
    return await work(state => write(CLEAR_LINE + state))
  } finally {
    write(CLEAR_LINE)
  }
}
