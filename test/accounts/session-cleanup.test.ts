import t from 'tap'
import { SessionsUnavailable } from '../../src/errors.ts'
import { memorySessionStore } from '../../src/stores/memory/session-store.ts'
import { sessionCleanup } from '../../src/accounts/session-cleanup.ts'
import { keptLog, movableClock, newSession } from '../contract/session-store.ts'

t.test('what an outage leaves behind is kept in memory up to a bound, and ended with the next sweep that can', async t => {
  const clock = movableClock()
  const store = memorySessionStore(clock)
  let isDown = true
  const revoke = async (handle: string) => {
    if (isDown) throw new SessionsUnavailable()
    await store.revoke(handle)
  }
  const cleanup = sessionCleanup({ sessions: { ...store, revoke }, log: keptLog() })
  for (let count = 0; count < 1_001; count++) {
    const session = newSession(clock)
    await store.create(session)
    await cleanup.end(session.handle)
  }
  await t.rejects(cleanup.sweep(), { code: 'SESSIONS_UNAVAILABLE' })
  t.equal(await store.count(), 1_001)
  isDown = false
  await cleanup.sweep()
  t.equal(await store.count(), 1, 'the last one ends when it is not used')
  await cleanup.sweep()
  t.equal(await store.count(), 1)
})
