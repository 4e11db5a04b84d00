import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { packageRoot } from '../src/package-root.ts'
import { grace } from './helper.ts'
import { freePort } from './redis-server.ts'

t.test('npm start serves a working login with nothing set, and people stay logged in over a restart', async t => {
  const folder = t.testdir()
  const port = await freePort()
  const first = await start(t, { PORT: String(port), DATA_DIR: folder }, npmStart)
  t.ok(first.log.some(line => line.includes(`sessions live in SQLite at ${folder}`)), 'the log says where sessions live')
  t.equal(statSync(join(folder, 'session-secret')).mode & 0o777, 0o600)
  const signedUp = await submit(port, '/signup', grace)
  t.match(signedUp, { status: 303, location: '/dashboard' })
  t.equal(await statusOf(port, '/dashboard', signedUp.cookie), 200)
  t.equal(await first.stop(), 0)

  const second = await start(t, { PORT: String(port), DATA_DIR: folder })
  t.equal(await statusOf(port, '/dashboard', signedUp.cookie), 200)
  t.match(await submit(port, '/login', { email: grace.email, password: grace.password }), { status: 303 })
  t.equal(await second.stop(), 0)
})

t.test('asked to stop with a half-sent request open, it exits with 0 within ten seconds', async t => {
  const port = await freePort()
  const service = await start(t, { PORT: String(port), DATA_DIR: t.testdir() })
  const slow = connect(port, '127.0.0.1')
  slow.on('error', () => {})
  await once(slow, 'connect')
  slow.write(`POST /login HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 100\r\n\r\nemail=`)
  await statusOf(port, '/health/live')
  const started = performance.now()
  t.equal(await service.stop(), 0)
  t.ok(performance.now() - started < 10_000)
})

t.test('a wrong setting stops the start with one sentence', async t => {
  const child = run({ PORT: '0', DATA_DIR: t.testdir(), PUBLIC_URL: 'login.example.com' })
  const [said, [code]] = await Promise.all([textOf(child.stderr!), once(child, 'exit')])
  t.equal(code, 1)
  t.match(said, /^PUBLIC_URL was given "login.example.com", but it takes an http or https address without a path, such as https:\/\/login.example.com\.\n$/m)
  t.notMatch(said, /^ +at /m, 'no stack')
})

const npmStart = ['--prefix', packageRoot, 'start']
/** The last part of `npm start`, when the build is there already. */
const fastifyStart = ['exec', '--prefix', packageRoot, '--', 'fastify', 'start', '--options', '--close-grace-delay', '9500', join(packageRoot, 'dist/src/app.js')]

/** From another working directory, as it has to behave the same there. */
function run (settings: Record<string, string>, command = fastifyStart): ChildProcess {
  // Without tap's own hooks: this is the service as people start it.
  const { NODE_OPTIONS: _hooks, ...environment } = process.env
  return spawn('npm', command, { cwd: '/', env: { ...environment, npm_config_loglevel: 'silent', ...settings }, stdio: ['ignore', 'pipe', 'pipe'] })
}

async function start (t: Test, settings: Record<string, string>, command?: string[]) {
  const child = run(settings, command)
  const log: string[] = []
  for await (const line of createInterface({ input: child.stdout! })) {
    log.push(line)
    if (line.includes('Server listening')) break
  }
  child.stdout!.resume()
  const { pid } = JSON.parse(log.at(-1)!)
  async function stop () {
    process.kill(pid, 'SIGTERM')
    return (await once(child, 'exit'))[0]
  }
  t.teardown(() => { if (child.exitCode === null) process.kill(pid, 'SIGKILL') })
  return { log, stop }
}

async function textOf (stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const piece of stream) text += piece
  return text
}

async function statusOf (port: number, path: string, cookie = ''): Promise<number> {
  const answer = await fetch(`http://localhost:${port}${path}`, { redirect: 'manual', headers: { cookie } })
  await answer.text()
  return answer.status
}

async function submit (port: number, path: string, fields: Record<string, string>) {
  const answer = await fetch(`http://localhost:${port}${path}`, {
    method: 'POST', redirect: 'manual', body: new URLSearchParams(fields), headers: { origin: `http://localhost:${port}` }
  })
  return { status: answer.status, location: answer.headers.get('location'), cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '' }
}
