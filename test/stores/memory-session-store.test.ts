import { memorySessionStore } from '../../src/stores/memory/session-store.ts'
import { keptLog, movableClock, sessionStoreContract } from '../contract/session-store.ts'

sessionStoreContract('memory', async t => {
  const clock = movableClock()
  const store = memorySessionStore(clock)
  t.teardown(() => store.close())
  return { store, clock, log: keptLog(), spoil: {} }
})
