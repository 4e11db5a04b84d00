import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../../test/free-port.ts'
import { isSecret, noSecretsIn } from '../../test/secrets.ts'
import { nodeStart, run } from '../../test/started-service.ts'
import { ask } from './account.ts'
import { faultOf } from './log-line.ts'

export interface AuditedService {
  port: number
  /** What is wrong since it was asked last: it does not run or answer, or its log says so. */
  faults (): Promise<string[]>
  /** The second half of that. */
  logFaults (): string[]
  /** @returns what was wrong about its end */
  stop (): Promise<string[]>
}

/** The service as `npm start` starts it, on a free port of loopback, with a new folder for its data. */
export async function startAuditedService (dataFolder: string): Promise<AuditedService> {
  const port = await freePort()
  const child = run({ DATA_DIR: dataFolder, PORT: String(port), FASTIFY_ADDRESS: '127.0.0.1', TRUSTED_PROXIES: '127.0.0.1', LOG_LEVEL: 'info' }, nodeStart)
  const log = keepLog(child)
  await log.until('Server listening')
  isSecret((await readFile(join(dataFolder, 'session-secret'), 'utf8')).trim())

  const logFaults = () => faultsOfLog(log.takeNew())
  const faults = async () => [...await faultsOfLife(child, port), ...logFaults()]

  async function stop () {
    if (child.exitCode !== null || child.signalCode !== null) return []
    const late = setTimeout(() => child.kill('SIGKILL'), 15_000)
    child.kill('SIGTERM')
    const [code, signal] = await once(child, 'exit')
    clearTimeout(late)
    return code === 0 ? [] : [`asked to stop, it ended with ${code ?? signal}`]
  }

  return { port, faults, logFaults, stop }
}

function faultsOfLog (lines: string[]): string[] {
  const told = lines.map(faultOf).filter(fault => fault !== null)
  return [...new Set([...secretsIn(lines), ...told])]
}

function secretsIn (lines: string[]): string[] {
  try {
    noSecretsIn(lines.join('\n'))
    return []
  } catch (error) {
    return [String(error)]
  }
}

async function faultsOfLife (child: ChildProcess, port: number): Promise<string[]> {
  if (child.exitCode !== null || child.signalCode !== null) return [`the service ended: ${child.exitCode ?? child.signalCode}`]
  const faults: string[] = []
  for (const path of ['/health/live', '/health/ready']) {
    const status = await ask(port, { path, headers: {} }).then(({ status }) => status, String)
    if (status !== 200) faults.push(`${path} answers ${status}`)
  }
  return faults
}

function keepLog (child: ChildProcess) {
  const lines: string[] = []
  let taken = 0
  for (const stream of [child.stdout!, child.stderr!]) createInterface({ input: stream }).on('line', line => lines.push(line))

  function takeNew () {
    const fresh = lines.slice(taken)
    taken = lines.length
    return fresh
  }

  async function until (words: string) {
    while (!lines.some(line => line.includes(words))) {
      if (child.exitCode !== null) throw new Error(`the service does not start: ${lines.join('\n')}`)
      await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')])
    }
  }

  return { takeNew, until }
}
