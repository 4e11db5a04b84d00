import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import type { Found } from '../../src/identity/identify.ts'
import { coalescePerTick } from '../../src/async/coalesce.ts'

const identityOf = (handle: string): Found => ({ session: { handle, core: { startedAt: 1, login: null }, lastSeenAt: 1, expiresAt: 1 }, account: null })

function open (lookUp: (handle: string) => Promise<Found | null> = async handle => identityOf(handle)) {
  const lookUps: string[] = []
  const ask = coalescePerTick(handle => {
    lookUps.push(handle)
    return lookUp(handle)
  })
  return { ask, lookUps }
}

t.test('who asks for the same session in one turn of the event loop gets one answer', async t => {
  const { ask, lookUps } = open()
  const [first, second, other] = await Promise.all(['a', 'a', 'b'].map(ask))
  t.equal(first, second)
  t.match(other, identityOf('b'))
  t.strictSame(lookUps, ['a', 'b'])
})

t.test('the look-up begins after all of them have asked', async t => {
  const { ask, lookUps } = open()
  const first = ask('a')
  await Promise.resolve()
  t.strictSame(lookUps, [], 'not in the turn in which they ask')
  t.equal(ask('a'), first)
  await nextTurn()
  t.strictSame(lookUps, ['a'])
})

t.test('who asks while it is looked up is not told what was true before', async t => {
  const { ask, lookUps } = open(() => new Promise(() => {}))
  const first = ask('a')
  await nextTurn()
  t.not(ask('a'), first, 'it is not even answered yet')
  await nextTurn()
  t.strictSame(lookUps, ['a', 'a'])
})

t.test('a failure is told to all of that turn, and to nobody else', async t => {
  let isDown = true
  const { ask } = open(async handle => {
    if (isDown) throw new Error('down')
    return identityOf(handle)
  })
  await Promise.all([ask('a'), ask('a')].map(answer => t.rejects(Promise.resolve(answer), { message: 'down' })))
  isDown = false
  t.match(await ask('a'), identityOf('a'))
})
