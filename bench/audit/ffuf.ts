import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Around, Check, Seen } from './check.ts'
import { runTool } from './run-tool.ts'

/*
 * Asks for what servers often show by mistake, and for guarded pages in other spellings, as a stranger.
 */

const AT_MOST_SECONDS = 60
const paths = fileURLToPath(new URL('paths.txt', import.meta.url))

/** What a stranger may see, as it is spelled. */
const open = new Set([
  '/', '/about', '/contact', '/login', '/logout', '/signup', '/health/live', '/health/ready', '/favicon.ico',
  '/assets/latchkey.css', '/assets/pico.css', '/assets/favicon.svg', '/assets/keys.svg'
])

export const ffuf: Check[] = [{ tool: 'ffuf', asks: 'paths, as a stranger', look }]

interface Result { input: { FUZZ: string }, status: number, redirectlocation: string }

async function look ({ port, folder, signal }: Around): Promise<Seen> {
  const report = join(folder, 'ffuf.json')
  const { output } = await runTool('ffuf', [
    '-w', paths, '-u', `http://127.0.0.1:${port}FUZZ`, '-H', 'Accept: text/html', '-mc', 'all', '-t', '8', '-timeout', '10',
    '-maxtime', String(AT_MOST_SECONDS - 5), '-s', '-of', 'json', '-o', report
  ], { seconds: AT_MOST_SECONDS, signal })
  const results: Result[] = JSON.parse(await readFile(report, 'utf8')).results
  const asked = (await readFile(paths, 'utf8')).trim().split('\n').length
  const faults = results.filter(isFault).map(({ input, status, redirectlocation }) => `${input.FUZZ} was answered with ${status} ${redirectlocation}`)
  if (results.length !== asked) faults.push(`${asked - results.length} of ${asked} paths were not answered: ${output.slice(-300)}`)
  const answers = new Map<number, number>()
  for (const { status } of results) answers.set(status, (answers.get(status) ?? 0) + 1)
  return { answers, faults, remarks: [] }
}

function isFault ({ input, status, redirectlocation }: Result): boolean {
  if (status === 200) return !open.has(input.FUZZ.split('?', 1)[0]!)
  if (status === 303) return !redirectlocation.startsWith('/login?next=')
  return status < 400 || status >= 500
}
