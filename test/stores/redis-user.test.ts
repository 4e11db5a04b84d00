import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import t from 'tap'
import { packageRoot } from '../../src/package-root.ts'
import { grace, openService } from '../helper.ts'
import { startRedisServer } from '../redis-server.ts'

const phrase = 'another long enough phrase'

t.test('the Redis user that docs/security.md names may do all that is needed, and nothing else', async t => {
  const redis = await startRedisServer(t)
  const admin = new Redis(redis.url)
  t.teardown(() => admin.disconnect())
  const [, rules = ''] = /ACL SETUSER latchkey on >\S+ (.+)/.exec(readFileSync(join(packageRoot, 'docs/security.md'), 'utf8')) ?? []
  await admin.call('ACL', 'SETUSER', 'latchkey', 'on', '>a-long-enough-password', ...rules.split(' '))

  const url = redis.url.replace('//', '//latchkey:a-long-enough-password@')
  const { app, browser, log } = await openService(t, { REDIS_URL: url, SESSION_SECRET: 'x'.repeat(32) })
  const [laptop, phone] = [browser(), browser()]
  t.equal((await phone.get('/about')).status, 200)
  t.equal((await laptop.signUp()).status, 303)
  t.equal((await phone.logIn({ password: 'not the password at all' })).status, 401)
  t.equal((await phone.logIn({ remember: 'on' })).status, 303)
  t.equal((await laptop.get('/account/devices')).status, 200)
  t.equal((await laptop.submit('/account/devices/revoke-others')).status, 303)
  t.equal((await laptop.submit('/account/password', { current_password: grace.password, new_password: phrase })).status, 303)
  for (let guess = 0; guess < 7; guess++) await browser().logIn({ password: 'not the password at all' })
  t.equal((await laptop.submit('/account/delete', { password: phrase })).status, 303)
  await app.sessions.sweep()
  t.equal((await laptop.get('/health/ready')).status, 200)
  t.strictSame(log.filter(({ level }) => level > 30).map(({ msg }) => msg), [])

  const user = new Redis(url)
  t.teardown(() => user.disconnect())
  for (const command of [['GET', 'of-others'], ['SET', 'of-others', '1'], ['FLUSHALL'], ['CONFIG', 'GET', '*'], ['ACL', 'LIST'], ['KEYS', '*']] as const) {
    await t.rejects(user.call(...command as unknown as [string]), /NOPERM/, command.join(' '))
  }
})
