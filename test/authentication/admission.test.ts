import { mock } from 'node:test'
import t from 'tap'
import { Admission, LONGEST_WAIT_MS } from '../../src/authentication/admission.ts'
import { openPasswords } from '../../src/credentials/passwords.ts'

const HASH_MS = 100
/** Of one thread. */
const PLACES = 4
/** Whoever comes when so many are ahead is expected to wait for two seconds; with one more it would be longer. */
const MOST_AHEAD = LONGEST_WAIT_MS / HASH_MS

/** One thread whose hashes take a tenth of a second, and people whose work ends when the test says so. */
async function openCrowd (hashMs = () => HASH_MS) {
  const passwords = await openPasswords({ cost: { memoryCost: 8, timeCost: 1, parallelism: 1 } })
  const admission = new Admission({ ...passwords, threads: 1, hashMs })
  const working: Array<{ who: string, end: () => void }> = []
  const refused: string[] = []
  /** @param account whose device it is, or null */
  const come = (who: string, account: string | null = null, work = Promise.resolve()) => {
    const whole = () => new Promise<void>(resolve => working.push({ who, end: resolve })).then(() => work)
    admission.run(account, whole).catch(({ code }: { code: string }) => refused.push(`${who}: ${code}`))
  }
  const strangers = (count: number) => { for (let number = 0; number < count; number++) come('stranger') }
  /** Ends the oldest work. @returns who has the place now, if anybody waited for it */
  const freePlace = async () => {
    working.shift()!.end()
    await settled()
    return working.length < PLACES ? null : working.at(-1)!.who
  }
  return { admission, come, strangers, freePlace, working, refused }
}

async function settled () {
  await new Promise(resolve => setImmediate(resolve))
}

t.test('whoever would wait longer than two seconds is refused at once, and the others have their turns in the order they came', async t => {
  const { admission, come, strangers, freePlace, working, refused } = await openCrowd()
  strangers(PLACES)
  come('first')
  come('second')
  strangers(MOST_AHEAD - PLACES - 2)
  t.notOk(admission.isFull())
  strangers(1)
  t.ok(admission.isFull())
  t.equal(working.length, PLACES)
  strangers(100)
  await settled()
  t.strictSame(refused, Array(100).fill('stranger: HASHING_BUSY'))
  t.equal(admission.waiting(), MOST_AHEAD - PLACES + 1)
  t.equal(await freePlace(), 'first')
  t.equal(await freePlace(), 'second')
  t.notOk(admission.isFull())
})

t.test('a flood of strangers leaves the next place to a known device', async t => {
  const { admission, come, strangers, freePlace, refused } = await openCrowd()
  strangers(1_000)
  await settled()
  refused.length = 0
  come('the owner', 'grace')
  t.equal(await freePlace(), 'the owner')
  strangers(1_000)
  come('another owner', 'ada')
  t.equal(await freePlace(), 'another owner')
  t.ok(admission.isFull())
  t.ok(refused.every(who => who.startsWith('stranger')))
})

t.test('a crowd of known devices leaves one place of four to strangers', async t => {
  const { come, strangers, freePlace } = await openCrowd()
  strangers(PLACES)
  for (let account = 0; account < 10; account++) come('known', String(account))
  strangers(4)
  const turns = []
  for (let turn = 0; turn < 8; turn++) turns.push(await freePlace())
  t.strictSame(turns, ['known', 'known', 'known', 'stranger', 'known', 'known', 'known', 'stranger'])
})

t.test('a crowd of known devices is refused too when the wait would be too long', async t => {
  const { come, refused } = await openCrowd()
  for (let account = 0; account <= MOST_AHEAD; account++) come('known', String(account))
  await settled()
  t.strictSame(refused, [])
  come('one too many', 'ada')
  await settled()
  t.strictSame(refused, ['one too many: HASHING_BUSY'])
})

t.test('an account has one reserved place at a time: with one device nobody keeps the others out', async t => {
  const { come, strangers, freePlace } = await openCrowd()
  strangers(PLACES)
  for (let attempt = 0; attempt < 3; attempt++) come('thief', 'stolen')
  come('the owner', 'grace')
  t.equal(await freePlace(), 'thief')
  t.equal(await freePlace(), 'the owner')
  for (let turn = 0; turn < 2; turn++) t.equal(await freePlace(), 'thief', 'as a stranger')
  t.equal(await freePlace(), null, 'the first has ended')
  strangers(2)
  come('thief again', 'stolen')
  t.equal(await freePlace(), 'thief again')
})

t.test('nobody waits longer than two seconds, even when the work takes longer than expected', async t => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const { admission, come, strangers, freePlace, working, refused } = await openCrowd()
  strangers(PLACES)
  come('patient')
  come('known', 'grace')
  mock.timers.tick(LONGEST_WAIT_MS - 1)
  await settled()
  t.strictSame(refused, [])
  come('later')
  mock.timers.tick(1)
  await settled()
  t.strictSame(refused, ['patient: HASHING_BUSY', 'known: HASHING_BUSY'])
  t.equal(admission.waiting(), 1)
  t.equal(await freePlace(), 'later')
  mock.timers.tick(LONGEST_WAIT_MS)
  await settled()
  t.equal(refused.length, 2, 'who has a place is not refused any more')
  t.equal(working.length, PLACES)
})

t.test('a free place is never refused, however long the last hashes took', async t => {
  const { come, freePlace, working, refused } = await openCrowd(() => 60_000)
  for (let stranger = 0; stranger < PLACES; stranger++) come('stranger')
  t.equal(working.length, PLACES)
  come('one more')
  await settled()
  t.strictSame(refused, ['one more: HASHING_BUSY'])
  await freePlace()
  come('another')
  t.equal(working.length, PLACES)
})

t.test('work that fails frees its place, and its error is its own', async t => {
  const { admission } = await openCrowd()
  for (let time = 0; time < PLACES * 3; time++) {
    await t.rejects(admission.run('grace', async () => { throw new Error('no such store') }), { message: 'no such store' })
  }
  t.equal(await admission.run('grace', async ({ isOutdated }) => isOutdated('')), true)
})

t.test('how long the first of them has waited is told', async t => {
  const { admission, strangers, come, freePlace } = await openCrowd()
  t.equal(admission.oldestWait(), 0)
  strangers(PLACES + 1)
  come('known', 'grace')
  await settled()
  const oldest = admission.oldestWait()
  t.ok(oldest > 0 && oldest < 2)
  await freePlace()
  t.ok(admission.oldestWait() >= oldest, 'of both lines')
})
