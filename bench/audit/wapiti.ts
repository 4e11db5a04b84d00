import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PASSWORD } from './account.ts'
import type { Around, Check, Seen } from './check.ts'
import { explanationOf } from './explained.ts'
import { openGate } from './gate.ts'
import { runTool } from './run-tool.ts'

/*
 * Crawls the pages as a browser would, then attacks every form and address it found.
 */

const CRAWL_SECONDS = 30
const MODULE_SECONDS = 25
const AT_MOST_SECONDS = 150

// All but those that ask servers of its makers (ssrf, xxe, nikto, wapp) or guess paths and passwords from lists.
const EVERYTHING = 'backup,blindsql,cookieflags,crlf,csp,csrf,exec,file,htaccess,http_headers,methods,permanentxss,redirect,shellshock,sql,xss'

interface Crawl {
  asks: string
  member: boolean
  start: string
  options: string[]
}

const crawls: Crawl[] = [
  { asks: 'every page and form, as a stranger', member: false, start: '/', options: ['--module', EVERYTHING] },
  { asks: 'every page and form, logged in', member: true, start: '/', options: ['--module', EVERYTHING] },
  // Above, other forms end the account whose name was set before it looks where that is shown, and one half sets back the other.
  scriptsIn('first', 'last'),
  scriptsIn('last', 'first')
]

function scriptsIn (half: string, other: string): Crawl {
  return { asks: `scripts in the ${half} name, on every page`, member: true, start: '/account/profile', options: ['--module', 'xss,permanentxss', '--depth', '1', '--skip', `${other}_name`] }
}

export const wapiti: Check[] = crawls.map(crawl => ({ tool: 'wapiti', asks: crawl.asks, look: around => attack(crawl, around) }))

interface Finding { method: string, path: string, info: string, parameter: string | null }
type Findings = Record<string, Finding[]>

async function attack ({ member, start, options }: Crawl, { port, folder, signal }: Around): Promise<Seen> {
  const gate = await openGate(port, { member, rewrite })
  const report = join(folder, 'wapiti.json')
  try {
    const { output, isCut } = await runTool('wapiti', [
      '--url', gate.url + start, '--scope', 'domain', ...options, '--flush-session', '--no-bugreport',
      '--store-session', join(folder, 'wapiti'), '--store-config', join(folder, 'wapiti'),
      '--max-scan-time', String(CRAWL_SECONDS), '--max-attack-time', String(MODULE_SECONDS), '--format', 'json', '--output', report
    ], { seconds: AT_MOST_SECONDS, signal })
    if (isCut) return { answers: gate.answers, faults: [...gate.faults], remarks: [`cut after ${AT_MOST_SECONDS} seconds, without a report`] }
    if (!output.includes('A report has been generated')) throw new Error(`wapiti did not come to its end: ${output.slice(-600)}`)
    const { faults, remarks } = judge(JSON.parse(await readFile(report, 'utf8')))
    return { answers: gate.answers, faults: [...gate.faults, ...faults], remarks }
  } finally {
    await gate.close()
  }
}

// What it leaves empty would be refused before anything is looked up or kept, and so would the password that it types.
function rewrite (form: string): string {
  return form
    .replace(/(?<=^|&)(first|last)_name=(?=&|$)/g, '$1_name=Ada')
    .replace(/(?<=^|&)email=(?=&|$)/, `email=${randomBytes(6).toString('hex')}@example.com`)
    .replace(/(?<==)Letm3in_/g, PASSWORD)
}

function judge ({ vulnerabilities, anomalies }: { vulnerabilities: Findings, anomalies: Findings }) {
  const found = Object.entries({ ...vulnerabilities, ...anomalies }).flatMap(([kind, findings]) => findings.map(finding => ({ kind, ...finding })))
  const faults: string[] = []
  const remarks = new Set<string>()
  for (const finding of found) {
    const reason = explanationOf(finding)
    if (reason === null) faults.push(`${finding.kind}: ${finding.method} ${finding.path} ${finding.parameter ?? ''}: ${finding.info}`)
    else remarks.add(reason)
  }
  return { faults, remarks: [...remarks] }
}
