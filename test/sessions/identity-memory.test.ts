import t from 'tap'
import { SessionsUnavailable } from '../../src/errors.ts'
import type { Identity } from '../../src/sessions/identify.ts'
import { identityMemory } from '../../src/sessions/identity-memory.ts'

const identity: Identity = { session: { handle: 'a', fields: {}, expiresAt: 1 }, user: null }

/** A memory that is told of changes, over look-ups that are answered one by one. */
function openMemory () {
  const lookUps: Array<PromiseWithResolvers<Identity | null>> = []
  const time = { at: 1 }
  const memory = identityMemory(() => {
    const lookUp = withResolvers<Identity | null>()
    lookUps.push(lookUp)
    return lookUp.promise
  }, () => time.at)
  memory.start()
  return { memory, lookUps, time }
}

/** The same, once the session `a` was looked up. */
async function openKnowing () {
  const opened = openMemory()
  const first = opened.memory.lookUp('a')
  opened.lookUps[0]!.resolve(identity)
  await first
  return opened
}

interface PromiseWithResolvers<T> { promise: Promise<T>, resolve (value: T): void, reject (error: Error): void }

function withResolvers<T> (): PromiseWithResolvers<T> {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((_resolve, _reject) => { resolve = _resolve; reject = _reject })
  return { promise, resolve, reject }
}

t.test('what was looked up is known for two seconds', async t => {
  const { memory, lookUps, time } = openMemory()
  const first = memory.lookUp('a')
  lookUps[0]!.resolve(identity)
  t.equal(await first, identity)
  time.at = 2_000
  t.equal(await memory.lookUp('a'), identity)
  t.equal(lookUps.length, 1)
  time.at = 2_002
  const later = memory.lookUp('a')
  t.equal(lookUps.length, 2)
  lookUps[1]!.resolve(null)
  t.equal(await later, null)
})

t.test('who asks while it is looked up waits for the same answer', async t => {
  const { memory, lookUps } = openMemory()
  const all = Promise.all(['a', 'a', 'a'].map(handle => memory.lookUp(handle)))
  lookUps[0]!.resolve(identity)
  t.strictSame(await all, [identity, identity, identity])
  t.equal(lookUps.length, 1)
})

t.test('what has changed is looked up again', async t => {
  const { memory, lookUps } = await openKnowing()
  memory.forget('b')
  t.equal(await memory.lookUp('a'), identity, 'another has changed')
  memory.forget('a')
  memory.lookUp('a')
  t.equal(lookUps.length, 2)
})

t.test('when all have changed at once all are looked up again', async t => {
  const { memory, lookUps } = openMemory()
  const [first, second] = [memory.lookUp('a'), memory.lookUp('b')]
  lookUps[0]!.resolve(identity)
  await first
  memory.forgetAll()
  lookUps[1]!.resolve(identity)
  await second
  for (const handle of ['a', 'b']) memory.lookUp(handle)
  t.equal(lookUps.length, 4)
  lookUps.forEach(({ resolve }) => resolve(identity))
  await memory.lookUp('a')
  t.equal(await memory.lookUp('a'), identity)
  t.equal(lookUps.length, 4, 'and then kept as before')
})

t.test('what has changed while it was looked up is not kept, and nobody else waits for it', async t => {
  const { memory, lookUps } = openMemory()
  const first = memory.lookUp('a')
  memory.forget('a')
  const second = memory.lookUp('a')
  lookUps[0]!.resolve(identity)
  lookUps[1]!.resolve(null)
  t.equal(await first, identity)
  t.equal(await second, null)
  memory.lookUp('a')
  t.equal(lookUps.length, 3)
})

t.test('nothing is kept while nobody tells of changes, nor from before', async t => {
  const { memory, lookUps } = await openKnowing()
  const under = memory.lookUp('b')
  memory.stop()
  lookUps[1]!.resolve(identity)
  await under
  for (const handle of ['a', 'b', 'a']) memory.lookUp(handle)
  t.equal(lookUps.length, 5)
  memory.start()
  lookUps.forEach(({ resolve }) => resolve(identity))
  await under
  memory.lookUp('a')
  t.equal(lookUps.length, 6, 'nor what was begun then')
})

t.test('that nobody is logged in is not kept, nor that it could not be known', async t => {
  const { memory, lookUps } = openMemory()
  const nobody = memory.lookUp('a')
  lookUps[0]!.resolve(null)
  t.equal(await nobody, null)
  const failed = memory.lookUp('a')
  lookUps[1]!.reject(new SessionsUnavailable())
  await t.rejects(Promise.resolve(failed), { code: 'SESSIONS_UNAVAILABLE' })
  const again = memory.lookUp('a')
  t.equal(lookUps.length, 3)
  lookUps[2]!.resolve(identity)
  t.equal(await again, identity)
})
