import { once } from 'node:events'
import { connect } from 'node:net'
import { cpSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import t from 'tap'
import { packageRoot } from '../../src/config/package-root.ts'
import { freePort } from '../free-port.ts'
import { grace } from '../helper.ts'
import { nodeStart, npmStartIn, run, start, statusOf, submit } from '../started-service.ts'
import type { Teardown } from '../teardown.ts'

/** What lies in the project's folder and not in its repository. */
const made = ['.env', '.git', '.tap', 'data', 'dist', 'node_modules']

t.test('npm start serves a working login with nothing set, and people stay logged in over a restart, also once development packages are gone', async t => {
  const folder = t.testdir()
  const port = await freePort()
  const tree = freshTree(t)
  const first = await start(t, { PORT: String(port), DATA_DIR: folder }, npmStartIn(tree))
  t.ok(first.log.some(line => line.includes(`sessions live in SQLite at ${folder}`)), 'the log says where sessions live')
  t.equal(statSync(join(folder, 'session-secret')).mode & 0o777, 0o600)
  const signedUp = await submit(port, '/signup', grace)
  t.match(signedUp, { status: 303, location: '/dashboard' })
  t.equal(await statusOf(port, '/dashboard', signedUp.cookie), 200)
  t.equal(await first.stop(), 0)

  omitCompiler(tree)
  const second = await start(t, { PORT: String(port), DATA_DIR: folder }, npmStartIn(tree))
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

t.test('a log on a full disk loses its lines, not the service', async t => {
  const port = await freePort()
  const child = run({ PORT: String(port), DATA_DIR: t.testdir() }, nodeStart, openSync('/dev/full', 'w'))
  t.teardown(() => child.kill('SIGKILL'))
  while (await statusOf(port, '/health/live').catch(() => 0) !== 200) await after(50)
  t.match(await submit(port, '/signup', grace), { status: 303 })
  t.equal(child.exitCode, null)
  child.kill('SIGTERM')
  t.strictSame(await once(child, 'exit'), [0, null])
})

t.test('a wrong setting stops the start with one sentence', async t => {
  const child = run({ PORT: '0', DATA_DIR: t.testdir(), PUBLIC_URL: 'login.example.com' })
  const [said, [code]] = await Promise.all([textOf(child.stderr!), once(child, 'exit')])
  t.equal(code, 1)
  t.match(said, /^PUBLIC_URL was given "login.example.com", but it takes an http or https address without a path, such as https:\/\/login.example.com\.\n$/m)
  t.notMatch(said, /^ +at /m, 'no stack')
})

async function textOf (stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const piece of stream) text += piece
  return text
}

/** The project as it is after `npm ci`, without a build. */
function freshTree (t: Teardown): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-tree-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  cpSync(packageRoot, folder, { recursive: true, filter: path => !made.includes(basename(path)) })
  symlinkSync(join(packageRoot, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

/** As `npm ci --omit=dev` does. */
function omitCompiler (tree: string): void {
  const packages = join(tree, 'node_modules')
  rmSync(packages)
  mkdirSync(packages)
  for (const name of readdirSync(join(packageRoot, 'node_modules'))) {
    if (name !== 'typescript') symlinkSync(join(packageRoot, 'node_modules', name), join(packages, name))
  }
}
