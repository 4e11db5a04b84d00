import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Fastify, { type FastifyServerOptions } from 'fastify'
import t, { type Test } from 'tap'
import type * as App from '../src/app.ts'

let times = 0

t.test('fastify start finds the server options and the service', async t => {
  const { options, default: app } = await load(t, {})
  const server = Fastify({ ...options, logger: false } as FastifyServerOptions)
  t.teardown(() => server.close())
  await app(server, {})
  t.equal((await server.inject('/health/ready')).statusCode, 200)
})

t.test('a wrong setting stops the start with one sentence and exit code 1', async t => {
  const { said, exits } = watch(t)
  await t.rejects(load(t, { PASSWORD_MIN_LENGTH: '7' }), /exit/)
  t.strictSame(exits(), [1])
  t.strictSame(said(), ['PASSWORD_MIN_LENGTH was given "7", but it takes a whole number from 8 to 256.'])
})

t.test('so does a kept secret that is none', async t => {
  const folder = t.testdir({ 'session-secret': 'short' })
  const { options, default: app } = await load(t, { DATA_DIR: folder })
  const { said, exits } = watch(t)
  await t.rejects(app(Fastify({ ...options, logger: false } as FastifyServerOptions), {}), /exit/)
  t.strictSame(exits(), [1])
  t.match(said(), [/^DATA_DIR holds a session-secret of 5 characters, but it takes at least 32/])
})

t.test('and so does a file that is no database', async t => {
  const folder = t.testdir()
  mkdirSync(join(folder, 'data'))
  writeFileSync(join(folder, 'data', 'latchkey.sqlite'), 'this is no database '.repeat(100))
  const { options, default: app } = await load(t, { DATA_DIR: join(folder, 'data') })
  const { said, exits } = watch(t)
  await t.rejects(app(Fastify({ ...options, logger: false } as FastifyServerOptions), {}), /exit/)
  t.strictSame(exits(), [1])
  t.match(said(), [/^DATABASE_URL or DATA_DIR leads to .*latchkey.sqlite, which cannot be opened as a database \(SQLITE_NOTADB\)\.$/])
})

t.test('a fault at the start shows where it happened', async t => {
  const { options, default: app } = await load(t, {})
  const server = Fastify({ ...options, logger: false } as FastifyServerOptions)
  t.teardown(() => server.close())
  await app(server, {})
  const { said, exits } = watch(t)
  await t.rejects(app(server, {}), /exit/, 'here: the service twice on one server')
  t.strictSame(exits(), [1])
  t.match(said(), [{ code: /^FST_/ }])
})

/** The module as a fresh process would load it. */
async function load (t: Test, settings: Record<string, string>): Promise<typeof App> {
  t.intercept(process, 'env', { value: { ...process.env, DATA_DIR: join(t.testdirName, 'data'), LOG_LEVEL: 'silent', ...settings } })
  return await import(`../src/app.ts?${++times}`) as typeof App
}

function watch (t: Test) {
  const exits = t.capture(process, 'exit', () => { throw new Error('exit') })
  const said = t.capture(console, 'error')
  return { exits: () => exits().map(({ args }) => args[0]), said: () => said().map(({ args }) => args[0]) }
}
