import { mock } from 'node:test'
import t from 'tap'
import type { RecordedEvent } from '../../src/users/account-events.ts'
import { EventQueue } from '../../src/users/event-queue.ts'
import { keptLog, movableClock } from '../contract/session-store.ts'

const event = { userId: 'ada', type: 'logged in', address: '::1', device: 'Firefox on Linux' } as const

t.test('events are written shortly after, together, without being asked for', async t => {
  const clock = movableClock()
  // The queue's own timer keeps no process alive, so something else has to while it is waited for.
  const awake = setInterval(() => {}, 1000)
  t.teardown(() => clearInterval(awake))
  const written = await new Promise<RecordedEvent[]>(resolve => {
    const queue = new EventQueue({ ...clock, log: keptLog(), write: async events => resolve(events) })
    queue.record(event)
    queue.record({ ...event, type: 'logged out' })
  })
  t.match(written, [{ type: 'logged in', at: new Date(clock.now()) }, { type: 'logged out' }])
})

t.test('one batch is written at a time', async t => {
  const batches: number[] = []
  let running = 0
  async function write (events: RecordedEvent[]) {
    t.equal(++running, 1)
    await new Promise(resolve => setImmediate(resolve))
    running--
    batches.push(events.length)
  }
  const queue = new EventQueue({ ...movableClock(), log: keptLog(), write })
  queue.record(event)
  const first = queue.flush()
  await Promise.resolve()
  queue.record(event)
  queue.record(event)
  await Promise.all([first, queue.flush(), queue.flush()])
  t.strictSame(batches, [1, 2])
})

/** A database that is away until it is told otherwise, and its queue. */
function duringOutage () {
  const [log, clock] = [keptLog(), movableClock()]
  const database = { isAway: true, tries: 0, written: [] as RecordedEvent[] }
  async function write (events: RecordedEvent[]) {
    database.tries++
    if (database.isAway) throw new Error('no answer')
    database.written.push(...events)
  }
  return { log, clock, database, queue: new EventQueue({ ...clock, log, write }) }
}

t.test('what is recorded during an outage is written after it, each once and with its time; the log has a line for its begin and its end', async t => {
  const { log, clock, database, queue } = duringOutage()
  const begun = clock.now()
  for (let minute = 0; minute < 3; minute++) {
    queue.record(event)
    await queue.flush()
    clock.move(60_000)
  }
  t.equal(database.tries, 3)
  database.isAway = false
  await queue.flush()
  await queue.flush()
  t.strictSame(database.written.map(({ at }) => at.getTime() - begun), [0, 60_000, 120_000])
  t.match(log.lines, [
    { err: { message: 'no answer' }, events: 1, message: /they wait in memory/ },
    { events: 3, message: 'account events are written again' }
  ])
  t.equal(log.lines.length, 2)
})

t.test('during an outage nobody waits for one try after the other', async t => {
  const { clock, database, queue } = duringOutage()
  queue.record(event)
  await Promise.all(Array.from({ length: 10 }, () => queue.flush()))
  clock.move(4_999)
  await queue.flush()
  t.equal(database.tries, 1)
  clock.move(1)
  await queue.flush()
  t.equal(database.tries, 2)
})

t.test('it tries again by itself', async t => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const { database, queue } = duringOutage()
  queue.record(event)
  for (const [ms, tries] of [[100, 1], [4_999, 1], [1, 2]] as const) {
    mock.timers.tick(ms)
    await queue.flush()
    t.equal(database.tries, tries)
  }
  database.isAway = false
  mock.timers.tick(5_000)
  await queue.flush()
  queue.record(event)
  mock.timers.tick(100)
  await queue.flush()
  t.equal(database.written.length, 2, 'and goes on as before')
})

t.test('a thousand wait; of more, and of what waits when the service stops, the log says how many are lost', async t => {
  const { log, database, queue } = duringOutage()
  for (let count = 0; count < 1_002; count++) queue.record(event)
  await queue.flush()
  t.equal(queue.dropped, 2)
  await queue.close()
  t.equal(queue.dropped, 1_002)
  t.equal(database.tries, 2)
  t.match(log.lines.at(-1), { events: 1_002, message: /^account events were dropped/ })
})
