import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { openSessionStore } from '../../src/stores/open/open-session-store.ts'
import { sessionCleanup } from '../../src/accounts/session-cleanup.ts'
import { timeLeft, withBudget } from '../../src/async/time-budget.ts'
import { keptLog, movableClock, newSession } from '../contract/session-store.ts'
import { openService } from '../helper.ts'
import { newRedisDatabase } from '../redis-server.ts'

t.test('all that a form asks of the stores shares eight seconds, of which one call gets five', async t => {
  const { now } = performance
  const left: number[] = []
  let ahead = 0
  t.intercept(performance, 'now', { value: () => now.call(performance) + ahead })
  async function slowForm (app: FastifyInstance): Promise<void> {
    app.post('/slow', { config: { isPublic: true } }, async (_request, reply) => {
      for (const waited of [0, 2_000, 6_000]) {
        ahead = waited
        left.push(timeLeft())
      }
      ahead = 8_000
      t.throws(timeLeft, { message: 'The time for this form is used up' })
      return await reply.code(204).send()
    })
  }
  const { app } = await openService(t, {}, { pages: slowForm })
  t.match(await app.inject({ method: 'POST', url: '/slow', headers: { 'sec-fetch-site': 'same-origin' } }), { statusCode: 204 })
  t.strictSame(left.slice(0, 2), [5_000, 5_000])
  t.ok(left[2]! > 0 && left[2]! <= 2_000)
  t.equal(timeLeft(), 950, 'outside of a form each call has its own')
})

t.test('a Redis store begins nothing when the time is used up; what cleans up does', async t => {
  const clock = movableClock()
  const store = await openSessionStore({ redisUrl: await newRedisDatabase(t), redisPrefix: 'latchkey:', now: clock.now, log: keptLog() })
  t.teardown(() => store.close())
  const [session, late] = [newSession(clock), newSession(clock)]
  await store.create(session)
  await withBudget(0, async () => {
    await t.rejects(store.create(late), { code: 'SESSIONS_UNAVAILABLE', cause: { message: 'The time for this form is used up' } })
    await t.rejects(store.revoke(session.handle), { code: 'SESSIONS_UNAVAILABLE' })
    t.ok(await store.read(session.handle))
    await sessionCleanup({ sessions: store, log: keptLog() }).end(session.handle)
  })
  t.equal(await store.read(session.handle), null)
  t.equal(await store.read(late.handle), null)
})
