import { join } from 'node:path'
import type { Around, Check, Seen } from './check.ts'
import { forms, type Form } from './forms.ts'
import { openGate } from './gate.ts'
import { runTool } from './run-tool.ts'

/*
 * Tries to put SQL into each field of each form, and into what a browser tells of itself.
 */

const AT_MOST_SECONDS = 90

export const sqlmap: Check[] = forms.map(form => ({ tool: 'sqlmap', asks: form.asks, look: around => inject(form, around) }))

async function inject (form: Form, around: Around): Promise<Seen> {
  const gate = await openGate(around.port, form)
  try {
    const { output, isCut } = await runTool('sqlmap', argumentsFor(form, gate.url, join(around.folder, 'sqlmap')), { seconds: AT_MOST_SECONDS, ...around })
    return { answers: gate.answers, faults: [...gate.faults, ...faultsIn(output, isCut)], remarks: isCut ? [`cut after ${AT_MOST_SECONDS} seconds`] : [] }
  } finally {
    await gate.close()
  }
}

function argumentsFor ({ path, fields, options = [] }: Form, url: string, folder: string): string[] {
  const form = fields === undefined ? [] : ['--method', 'POST', '--data', Object.entries(fields).map(([name, value]) => `${name}=${value}`).join('&')]
  return [
    '--url', url + path, ...form, '--level', '3', '--risk', '3', '--dbms', 'sqlite', '--time-sec', '2', ...options,
    '--batch', '--flush-session', '--disable-coloring', '--output-dir', folder,
    '--ignore-redirects', '--ignore-code', '400,401,403,404,409,429', '--skip-waf', '--drop-set-cookie'
  ]
}

function faultsIn (output: string, isCut: boolean): string[] {
  const [injection] = /identified the following injection point[^]*?---[^]*?---/.exec(output) ?? []
  if (injection !== undefined) return [injection]
  if (!isCut && !output.includes('do not appear to be injectable')) throw new Error(`sqlmap did not come to its end: ${output.slice(-600)}`)
  return []
}
