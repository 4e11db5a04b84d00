import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startAuditedService, type AuditedService } from './audited-service.ts'
import type { Check, Seen } from './check.ts'
import { ffuf } from './ffuf.ts'
import { slowhttptest } from './slowhttptest.ts'
import { sqlmap } from './sqlmap.ts'
import { inWords, printTable, type Row } from './table.ts'
import { wapiti } from './wapiti.ts'

/*
 * Programs that others wrote to find faults in web sites look for some in this one, all on loopback. What they find,
 * and what is said of it in the log, decides the exit code. Named tools only: npm run audit -- ffuf sqlmap
 */

const TELL_EVERY_SECONDS = 15

const wanted = process.argv.slice(2)
const checks = [...ffuf, ...wapiti, ...sqlmap, ...slowhttptest].filter(({ tool }) => wanted.length === 0 || wanted.includes(tool))

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort())

const folder = await mkdtemp(join(tmpdir(), 'latchkey-audit-'))
try {
  await audit(await startAuditedService(join(folder, 'data')))
} catch (error) {
  if (!interrupted.signal.aborted) throw error
  console.log('Interrupted: what was started has ended.')
  process.exitCode = 130
} finally {
  await rm(folder, { recursive: true })
}

async function audit (service: AuditedService): Promise<void> {
  const rows: Row[] = []
  const atTheEnd: string[] = []
  try {
    for (const check of checks) rows.push(await look(check, service))
  } finally {
    atTheEnd.push(...await service.stop(), ...service.logFaults())
  }
  printTable(rows)
  const faults = [...rows.flatMap(({ faults }) => faults), ...atTheEnd]
  for (const fault of faults) console.log(`FAULT: ${fault}`)
  console.log(`${faults.length === 0 ? 'No' : faults.length} faults were found.`)
  if (faults.length > 0) process.exitCode = 1
}

/** What one check sees, and what the service has to say of it. */
async function look ({ tool, asks, look }: Check, service: AuditedService): Promise<Row> {
  console.log(`${tool}: ${asks}`)
  const started = performance.now()
  const seconds = () => Math.round((performance.now() - started) / 1000)
  const progress = setInterval(() => console.log(`  at it for ${seconds()} seconds`), TELL_EVERY_SECONDS * 1000)
  const seen = await look({ port: service.port, folder, signal: interrupted.signal }).catch(asFault).finally(() => clearInterval(progress))
  const faults = [...seen.faults, ...await service.faults()]
  const told = [`${seconds()} s`, seen.summary ?? inWords(seen.answers), ...seen.remarks.map(remark => `no fault: ${remark}`), ...faults.map(fault => `FAULT: ${fault}`)]
  console.log(`  ${told.join('\n  ')}`)
  return { tool, asks, seconds: seconds(), ...seen, faults }
}

/** A tool that broke off has not shown that there is nothing. */
function asFault (error: unknown): Seen {
  interrupted.signal.throwIfAborted()
  return { answers: new Map(), faults: [String(error)], remarks: [] }
}
