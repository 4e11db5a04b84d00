import t from 'tap'
import { SessionsUnavailable } from '../../src/errors.ts'
import type { Found } from '../../src/identity/identify.ts'
import { identityCache } from '../../src/identity/identity-cache.ts'

const identity: Found = { session: { handle: 'a', core: { startedAt: 1, login: null }, lastSeenAt: 1, expiresAt: 1 }, account: null }

/** An enabled cache over look-ups that are answered one by one. */
function openCache () {
  const lookUps: Array<PromiseWithResolvers<Found | null>> = []
  const time = { at: 1 }
  const cache = identityCache(() => {
    const lookUp = withResolvers<Found | null>()
    lookUps.push(lookUp)
    return lookUp.promise
  }, () => time.at)
  cache.enable(Infinity)
  return { cache, lookUps, time }
}

/** The same, once the session `a` was looked up. */
async function openKnowing () {
  const opened = openCache()
  const first = opened.cache.lookUp('a')
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
  const { cache, lookUps, time } = openCache()
  const first = cache.lookUp('a')
  lookUps[0]!.resolve(identity)
  t.equal(await first, identity)
  time.at = 2_000
  t.equal(await cache.lookUp('a'), identity)
  t.equal(lookUps.length, 1)
  time.at = 2_002
  const later = cache.lookUp('a')
  t.equal(lookUps.length, 2)
  lookUps[1]!.resolve(null)
  t.equal(await later, null)
})

t.test('who asks while it is looked up waits for the same answer', async t => {
  const { cache, lookUps } = openCache()
  const all = Promise.all(['a', 'a', 'a'].map(handle => cache.lookUp(handle)))
  lookUps[0]!.resolve(identity)
  t.strictSame(await all, [identity, identity, identity])
  t.equal(lookUps.length, 1)
})

t.test('what has changed is looked up again', async t => {
  const { cache, lookUps } = await openKnowing()
  cache.invalidate('b')
  t.equal(await cache.lookUp('a'), identity, 'another has changed')
  cache.invalidate('a')
  cache.lookUp('a')
  t.equal(lookUps.length, 2)
})

t.test('when all have changed at once all are looked up again', async t => {
  const { cache, lookUps } = openCache()
  const [first, second] = [cache.lookUp('a'), cache.lookUp('b')]
  lookUps[0]!.resolve(identity)
  await first
  cache.clear()
  lookUps[1]!.resolve(identity)
  await second
  for (const handle of ['a', 'b']) cache.lookUp(handle)
  t.equal(lookUps.length, 4)
  lookUps.forEach(({ resolve }) => resolve(identity))
  await cache.lookUp('a')
  t.equal(await cache.lookUp('a'), identity)
  t.equal(lookUps.length, 4, 'and then kept as before')
})

t.test('what has changed while it was looked up is not kept, and nobody else waits for it', async t => {
  const { cache, lookUps } = openCache()
  const first = cache.lookUp('a')
  cache.invalidate('a')
  const second = cache.lookUp('a')
  lookUps[0]!.resolve(identity)
  lookUps[1]!.resolve(null)
  t.equal(await first, identity)
  t.equal(await second, null)
  cache.lookUp('a')
  t.equal(lookUps.length, 3)
})

t.test('nothing is kept while nobody tells of changes, nor from before', async t => {
  const { cache, lookUps } = await openKnowing()
  const under = cache.lookUp('b')
  cache.disable()
  lookUps[1]!.resolve(identity)
  await under
  for (const handle of ['a', 'b', 'a']) cache.lookUp(handle)
  t.equal(lookUps.length, 5)
  cache.enable(Infinity)
  lookUps.forEach(({ resolve }) => resolve(identity))
  await under
  cache.lookUp('a')
  t.equal(lookUps.length, 6, 'nor what was begun then')
})

t.test('what is known is used only until the changes before it are known, and again once they are', async t => {
  const { cache, lookUps, time } = await openKnowing()
  cache.enable(500)
  time.at = 499
  t.equal(await cache.lookUp('a'), identity)
  t.ok(cache.isEnabled())
  time.at = 500
  t.notOk(cache.isEnabled())
  cache.lookUp('a')
  t.equal(lookUps.length, 2)
  cache.enable(1_000)
  t.equal(await cache.lookUp('a'), identity)
  t.equal(lookUps.length, 2)
})

t.test('that nobody is logged in is not kept, nor that it could not be known', async t => {
  const { cache, lookUps } = openCache()
  const nobody = cache.lookUp('a')
  lookUps[0]!.resolve(null)
  t.equal(await nobody, null)
  const failed = cache.lookUp('a')
  lookUps[1]!.reject(new SessionsUnavailable())
  await t.rejects(Promise.resolve(failed), { code: 'SESSIONS_UNAVAILABLE' })
  const again = cache.lookUp('a')
  t.equal(lookUps.length, 3)
  lookUps[2]!.resolve(identity)
  t.equal(await again, identity)
})
