import { availableParallelism } from 'node:os'
import { hash } from '@node-rs/argon2'
import t from 'tap'
import { OWASP_COST, openPasswords } from '../../src/credentials/passwords.ts'
import { cheapHashing } from '../helper.ts'

const phrase = 'nanoseconds are short wires'

t.test('a password is kept as argon2id with today\'s parameters and a salt of its own', async t => {
  const passwords = await openPasswords()
  const [one, two] = await Promise.all([passwords.hash(phrase), passwords.hash(phrase)])
  t.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]+\$[\w+/]+$/)
  t.not(one, two)
  t.notOk(passwords.isOutdated(one))
  t.ok(await passwords.verify(one, phrase))
})

t.test('nothing but the password fits', async t => {
  const passwords = await openPasswords()
  const kept = await passwords.hash(phrase)
  for (const wrong of ['', `${phrase} `, ` ${phrase}`, phrase.toUpperCase(), phrase.slice(0, -1), `${phrase}\0`, 'x'.repeat(1024)]) t.notOk(await passwords.verify(kept, wrong), JSON.stringify(wrong))
})

t.test('every character of a long password counts', async t => {
  const passwords = await openPasswords()
  const long = 'x'.repeat(1023)
  const kept = await passwords.hash(`${long}a`)
  t.notOk(await passwords.verify(kept, `${long}b`))
  t.ok(await passwords.verify(kept, `${long}a`))
})

t.test('one password typed on two keyboards is one password', async t => {
  const passwords = await openPasswords()
  const kept = await passwords.hash('cafe\u0301 au lait, s\u2019il vous pla\u00eet')
  t.ok(await passwords.verify(kept, 'caf\u00e9 au lait, s\u2019il vous plai\u0302t'))
  t.notOk(await passwords.verify(kept, 'cafe au lait, s\u2019il vous plait'), 'letters without their marks are others')
  t.notOk(await passwords.verify(await passwords.hash('\ufb01fteen characters'), 'fifteen characters'), 'what merely looks alike stays two')
})

t.test('nobody\'s hash costs what a real one costs, and no password fits it', async t => {
  const [passwords, others] = await Promise.all([openPasswords(), openPasswords()])
  t.notOk(passwords.isOutdated(passwords.dummyHash))
  t.not(passwords.dummyHash, others.dummyHash)
  for (const guess of ['', phrase, passwords.dummyHash, 'undefined']) t.notOk(await passwords.verify(passwords.dummyHash, guess))
})

t.test('a hash made with other parameters is outdated', async t => {
  const passwords = await openPasswords()
  t.ok(passwords.isOutdated(await hash(phrase, { memoryCost: 8192, timeCost: 1, parallelism: 1 })))
  t.ok(passwords.isOutdated(await hash(phrase, { algorithm: 1, memoryCost: 19_456, timeCost: 2, parallelism: 1 })), 'argon2i')
  t.ok(passwords.isOutdated('$argon2id$v=16$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA'))
  t.ok(passwords.isOutdated('$2b$10$abcdefghijklmnopqrstuu'))
  t.ok(passwords.isOutdated(''))
})

t.test('where another cost is set, a hash costs that, and is outdated elsewhere', async t => {
  const cheap = await openPasswords({ cost: cheapHashing })
  const kept = await cheap.hash(phrase)
  t.match(kept, '$argon2id$v=19$m=8,t=1,p=1$')
  t.match(cheap.dummyHash, '$argon2id$v=19$m=8,t=1,p=1$')
  t.ok(await cheap.verify(kept, phrase))
  t.notOk(cheap.isOutdated(kept))
  t.ok((await openPasswords()).isOutdated(kept))
  t.ok(cheap.isOutdated(await hash(phrase, OWASP_COST)))
})

t.test('as many are hashed at once as there are threads, and one of libuv\'s four stays free', async t => {
  t.equal((await openPasswords()).threads, Math.min(availableParallelism(), 3))
  const passwords = await openPasswords({ threads: 1 })
  const ended: string[] = []
  const slow = passwords.verify(passwords.dummyHash.replace('t=2', 't=4'), phrase).then(() => ended.push('came first'))
  const quick = passwords.verify(await hash(phrase, cheapHashing), phrase).then(() => ended.push('came second'))
  await Promise.all([slow, quick])
  t.strictSame(ended, ['came first', 'came second'])
})

t.test('how long a hash takes is measured, and the last ones count most', async t => {
  let [time, takes] = [0, 100]
  const passwords = await openPasswords({ cost: cheapHashing, threads: 1, stopwatch: () => (time += takes) })
  t.equal(passwords.hashMs(), 100)
  takes = 900
  await passwords.verify(passwords.dummyHash, phrase)
  t.equal(passwords.hashMs(), 200, 'an eighth of the difference')
  takes = 200
  for (let quick = 0; quick < 10; quick++) await passwords.verify(passwords.dummyHash, phrase)
  t.equal(passwords.hashMs(), 200)
})

t.test('a hash that is none fails that one call and blocks nobody', async t => {
  const passwords = await openPasswords()
  const times = availableParallelism() * 3
  const broken = await Promise.allSettled(Array.from({ length: times }, () => passwords.verify('not a hash', phrase)))
  t.ok(broken.every(outcome => outcome.status === 'rejected' || !outcome.value))
  t.ok(await passwords.hash(phrase))
})
