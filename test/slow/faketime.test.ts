import { execFileSync } from 'node:child_process'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { freePort } from '../free-port.ts'
import { grace } from '../helper.ts'
import { find } from '../provision.js'
import { nodeStart, start, statusOf, submit } from '../started-service.ts'

/*
 * Everywhere else tests hand in the clock. Here the clock of the operating system is what moves, so nothing in the
 * service, its dependencies or its store may keep a time of its own.
 */

t.test('a session that nobody uses for an hour has ended, one in use goes on', async t => {
  const { port, clock } = await openMovable(t)
  const { status, cookie } = await submit(port, '/signup', grace)
  t.equal(status, 303)
  t.equal(await statusOf(port, '/dashboard', cookie), 200)
  clock.set('+59m')
  t.equal(await statusOf(port, '/dashboard', cookie), 200)
  clock.set('+118m')
  t.equal(await statusOf(port, '/dashboard', cookie), 200, 'use has renewed it')
  clock.set('+179m')
  t.equal(await statusOf(port, '/dashboard', cookie), 303, '61 minutes later it has ended')
  clock.set('-1d')
  t.equal(await statusOf(port, '/dashboard', cookie), 503, 'nor does it live on a clock that is set back a day')
})

t.test('a session in constant use ends after a day', async t => {
  const { port, clock } = await openMovable(t)
  const { cookie } = await submit(port, '/signup', grace)
  for (let minutes = 55; minutes < 24 * 60; minutes += 55) {
    clock.set(`+${minutes}m`)
    t.equal(await statusOf(port, '/dashboard', cookie), 200, `after ${minutes} minutes`)
  }
  clock.set('+1441m')
  t.equal(await statusOf(port, '/dashboard', cookie), 303)
})

t.test('a clock that is set back a day makes no session fresh, and people can log in all the same', async t => {
  const { port, clock } = await openMovable(t)
  const before = await submit(port, '/signup', grace)
  clock.set('-1d')
  t.equal(await statusOf(port, '/dashboard', before.cookie), 503, 'a session from the future is refused')
  const again = await submit(port, '/login', { email: grace.email, password: grace.password })
  t.equal(again.status, 303)
  t.equal(await statusOf(port, '/dashboard', again.cookie), 200)
  clock.set('-1379m')
  t.equal(await statusOf(port, '/dashboard', again.cookie), 303, 'it lives by the clock as it is now')
  clock.set('+1m')
  t.equal(await statusOf(port, '/dashboard', before.cookie), 200, 'and the one from before goes on once the clock is right')
})

/** The service, and the clock that it sees. */
async function openMovable (t: Test) {
  const folder = t.testdir()
  const clock = systemClock(join(folder, 'clock'))
  const port = await freePort()
  await start(t, { PORT: String(port), DATA_DIR: join(folder, 'data'), ...clock.environment }, nodeStart)
  return { port, clock }
}

/** @param path of the file that says how far from the real time the service is */
function systemClock (path: string) {
  /** @param offset such as `+61m` or `-1d` */
  function set (offset: string) {
    // In one step: the service must never read half a file.
    writeFileSync(`${path}.new`, `${offset}\n`)
    renameSync(`${path}.new`, path)
  }

  set('+0m')
  // Timers stay true, or the service would hang or rush. Every look at the clock reads the file anew.
  const environment = { ...preloading(), FAKETIME_TIMESTAMP_FILE: path, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', NO_FAKE_STAT: '1' }
  return { set, environment }
}

/** What has the library loaded: `faketime` itself knows where it is, on Linux and on macOS. */
function preloading (): Record<string, string> {
  const { NODE_OPTIONS: _hooks, ...env } = process.env
  const set = JSON.parse(execFileSync(find('faketime'), ['-m', '-f', '+0', process.execPath, '-p', 'JSON.stringify(process.env)'], { env, encoding: 'utf8' }))
  const names = ['LD_PRELOAD', 'DYLD_INSERT_LIBRARIES', 'DYLD_FORCE_FLAT_NAMESPACE']
  return Object.fromEntries(names.filter(name => name in set).map(name => [name, set[name]]))
}
