import { spawn, type ChildProcess } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { packageRoot } from '../src/config/package-root.ts'
import { hasSecretFields, isSecret, isSecretCookie, noSecretsIn } from './secrets.ts'
import type { Teardown } from './teardown.ts'

const built = join(packageRoot, 'dist/src/app.js')
const fastifyStart = ['start', '--options', '--close-grace-delay', '9500', built]

/** Of a tree that lies elsewhere, as it builds what is not built. */
export const npmStartIn = (folder: string) => ['npm', '--prefix', folder, 'start']
/** The last part of `npm start`, when the build is there already. */
export const npmExec = ['npm', 'exec', '--prefix', packageRoot, '--', 'fastify', ...fastifyStart]
/** The same without npm, for what only holds for a process that is started directly. */
export const nodeStart = [process.execPath, join(packageRoot, 'node_modules/fastify-cli/cli.js'), ...fastifyStart]

/** From another working directory, as it has to behave the same there. */
export function run (settings: Record<string, string>, [program, ...args] = npmExec, stdout: 'pipe' | number = 'pipe'): ChildProcess {
  if (args.includes(built) && !existsSync(built)) throw new Error('There is no build to start: npm run build makes it')
  // Without tap's own hooks: this is the service as people start it.
  const { NODE_OPTIONS: _hooks, ...environment } = process.env
  return spawn(program!, args, { cwd: '/', env: { ...environment, npm_config_loglevel: 'silent', ...settings }, stdio: ['ignore', stdout, 'pipe'] })
}

/** Resolves when it listens. It ends with the test at the latest; then no secret may stand in its log. */
export async function start (t: Teardown, settings: Record<string, string>, command?: string[]) {
  isSecret(...(settings.SESSION_SECRET ?? '').split(','), settings.REDIS_URL, settings.DATABASE_URL)
  const child = run(settings, command)
  const log = linesOf(child)
  let pid = child.pid!
  t.teardown(() => {
    if (child.exitCode === null && child.signalCode === null) process.kill(pid, 'SIGKILL')
    noSecretsIn(log.lines.join('\n'))
  })
  await once(log.events, 'listening')
  // npm may stand between.
  pid = JSON.parse(log.lines.at(-1)!).pid
  async function end (signal: NodeJS.Signals) {
    process.kill(pid, signal)
    return (await once(child, 'exit'))[0]
  }
  return { log: log.lines, pid, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') }
}

function linesOf (child: ChildProcess) {
  const [lines, events]: [string[], EventEmitter] = [[], new EventEmitter()]
  createInterface({ input: child.stdout! }).on('line', line => {
    lines.push(line)
    if (line.includes('Server listening')) events.emit('listening')
  }).once('close', () => events.emit('listening'))
  return { lines, events }
}

export async function statusOf (port: number, path: string, cookie = ''): Promise<number> {
  const answer = await fetch(`http://localhost:${port}${path}`, { redirect: 'manual', headers: { cookie } })
  await answer.text()
  return answer.status
}

export async function submit (port: number, path: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
  hasSecretFields(Object.entries(fields))
  const answer = await fetch(`http://localhost:${port}${path}`, {
    method: 'POST', redirect: 'manual', body: new URLSearchParams(fields), headers: { origin: `http://localhost:${port}`, ...headers }
  })
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? ''
  if (cookie !== '') isSecretCookie(cookie.slice(cookie.indexOf('=') + 1))
  return { status: answer.status, location: answer.headers.get('location'), cookie }
}
