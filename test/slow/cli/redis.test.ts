import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { packageRoot } from '../../../src/config/package-root.ts'
import { redisSettings } from '../../every-store.ts'
import { freePort } from '../../free-port.ts'
import { grace, openService, type Settings } from '../../helper.ts'
import { startRedisCluster } from '../../redis-cluster.ts'
import { startRedisWithSentinels } from '../../redis-sentinels.ts'
import { startRedisServer } from '../../redis-server.ts'

// A command that has printed its result has ended, whatever kind of Redis it used. One that hangs is for the test's own time limit.

const commands = [
  'sessions list --user grace@example.com', 'sessions revoke --user grace@example.com --yes', 'users show grace@example.com', 'users disable grace@example.com',
  'users enable grace@example.com', 'stats', 'sessions revoke --all --yes', 'users delete grace@example.com --yes'
]

/** Milliseconds between the last thing it printed and its end. */
async function latchkey (t: Test, environment: Settings, args: string) {
  const { NODE_OPTIONS: _hooks, ...inherited } = process.env
  const child = spawn(process.execPath, [join(packageRoot, 'bin/latchkey.js'), ...args.split(' ')], { cwd: '/', env: { ...inherited, ...environment } })
  t.teardown(() => { child.kill('SIGKILL') })
  let [printed, printedAt] = ['', performance.now()]
  for (const stream of [child.stdout, child.stderr]) stream.on('data', piece => { printed += piece; printedAt = performance.now() })
  const [code] = await once(child, 'close')
  return { code, printed, lingered: performance.now() - printedAt }
}

async function everyCommand (t: Test, url: string) {
  const settings = redisSettings(url)
  const { browser, folder } = await openService(t, settings)
  await browser().signUp()
  for (const command of commands) {
    const { code, printed, lingered } = await latchkey(t, { ...settings, DATA_DIR: join(folder, 'data') }, command)
    t.equal(code, 0, `${command}: ${printed}`)
    t.ok(lingered < 2_000, `${Math.round(lingered)} ms`)
  }
}

t.test('with one server', async t => everyCommand(t, (await startRedisServer(t)).url))
t.test('with sentinels', async t => everyCommand(t, (await startRedisWithSentinels(t)).url))
t.test('with a Cluster', async t => everyCommand(t, (await startRedisCluster(t)).url))

t.test('when there is none', async t => {
  const { browser, folder } = await openService(t)
  await browser().signUp(grace)
  const [one, other] = [await freePort(), await freePort()]
  for (const url of [`redis://127.0.0.1:${one}`, `redis+sentinel://127.0.0.1:${one},127.0.0.1:${other}/latchkey`, `redis+cluster://127.0.0.1:${one}`]) {
    const { code, printed } = await latchkey(t, { ...redisSettings(url), DATA_DIR: join(folder, 'data') }, 'sessions list --user grace@example.com')
    t.match({ code, printed }, { code: 1, printed: 'Sessions cannot be read right now.' }, url)
  }
})
