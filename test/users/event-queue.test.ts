import t from 'tap'
import type { RecordedEvent } from '../../src/users/account-events.ts'
import { eventQueue } from '../../src/users/event-queue.ts'
import { keptLog, movableClock } from '../contract/session-store.ts'

const event = { userId: 'ada', type: 'logged in', address: '::1', device: 'Firefox on Linux' } as const

t.test('events are written shortly after, together, without being asked for', async t => {
  const clock = movableClock()
  // The queue's own timer keeps no process alive, so something else has to while it is waited for.
  const awake = setInterval(() => {}, 1000)
  t.teardown(() => clearInterval(awake))
  const written = await new Promise<RecordedEvent[]>(resolve => {
    const queue = eventQueue({ ...clock, log: keptLog(), write: async events => resolve(events) })
    queue.record(event)
    queue.record({ ...event, type: 'logged out' })
  })
  t.match(written, [{ type: 'logged in', at: new Date(clock.now()) }, { type: 'logged out' }])
})

t.test('one batch is written at a time, and a failed one holds up nothing', async t => {
  const log = keptLog()
  const batches: number[] = []
  let running = 0
  async function write (events: RecordedEvent[]) {
    t.equal(++running, 1)
    await new Promise(resolve => setImmediate(resolve))
    running--
    batches.push(events.length)
    if (batches.length === 1) throw new Error('no room')
  }
  const queue = eventQueue({ ...movableClock(), log, write })
  queue.record(event)
  const first = queue.flush()
  await Promise.resolve()
  queue.record(event)
  queue.record(event)
  await Promise.all([first, queue.flush(), queue.flush()])
  t.strictSame(batches, [1, 2])
  t.match(log.lines, [{ err: { message: 'no room' }, events: 1 }])
})
