import { setTimeout as after } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { freePort } from '../free-port.ts'
import { grace } from '../helper.ts'
import { nodeStart, start, statusOf, submit } from '../started-service.ts'

const LASTS_MS = 12_000
/** So many times longer than one sign-up alone: then all that is under way in a round is done. */
const LATEST_KILL = 5
const SIGN_UPS_AT_ONCE = 3

const seed = Math.floor(Math.random() * 2 ** 32)
t.comment(`seed ${seed}`)

t.test('killed at any moment, it has made an account wholly or not at all, keeps one password, and has what it has confirmed', async t => {
  const port = await freePort()
  const settings = { PORT: String(port), DATA_DIR: t.testdir(), TRUSTED_PROXIES: '127.0.0.1, ::1' }
  const site = siteAt(port)
  const random = randomFrom(seed)
  let service = await start(t, settings, nodeStart)
  let password = grace.password
  const begun = performance.now()
  let { cookie } = await site.signUp(grace.email)
  const latestKillMs = LATEST_KILL * (performance.now() - begun)
  const seen = { rounds: 0, confirmed: 0, notConfirmed: 0 }

  const isEnough = () => performance.now() - begun > LASTS_MS && seen.confirmed > 0 && seen.notConfirmed > 0
  for (; !isEnough(); seen.rounds++) {
    const emails = Array.from({ length: SIGN_UPS_AT_ONCE }, (_, at) => `ada-${seen.rounds}-${at}@example.com`)
    const chosen = `compilers were said to be impossible ${seen.rounds}`
    const signUps = emails.map(email => site.signUp(email).catch(() => null))
    const change = site.changePassword(cookie, password, chosen).catch(() => null)
    await after(random() * latestKillMs)
    await service.kill()
    const [changed, ...signedUp] = await Promise.all([change, ...signUps])
    service = await start(t, settings, nodeStart)

    for (const [at, answer] of signedUp.entries()) await wasWholly(t, site, emails[at]!, answer)
    const [old, fresh] = [await site.logIn(grace.email, password), await site.logIn(grace.email, chosen)]
    t.strictSame([old.status, fresh.status].toSorted(), [303, 401], 'the password is the old or the new one')
    if (changed?.status === 303) t.equal(fresh.status, 303, 'the new one, where that was said')
    ;[password, cookie] = fresh.status === 303 ? [chosen, fresh.cookie] : [password, old.cookie]
    for (const answer of [changed, ...signedUp]) seen[answer === null ? 'notConfirmed' : 'confirmed']++
  }
  t.comment(`${seen.rounds} rounds, ${seen.confirmed} answers that came, ${seen.notConfirmed} that did not`)
})

/** Whoever was told so is logged in and can log in; who was told nothing can log in, or sign up as if nothing had been. */
async function wasWholly (t: Test, site: Site, email: string, answer: Said | null) {
  const logIn = await site.logIn(email, grace.password)
  if (answer === null) {
    t.equal(logIn.status === 401 ? (await site.signUp(email)).status : logIn.status, 303)
  } else {
    t.strictSame([answer.status, logIn.status, await site.dashboard(answer.cookie)], [303, 303, 200])
  }
}

type Site = ReturnType<typeof siteAt>
type Said = Awaited<ReturnType<typeof submit>>

/** Each request comes from an address of its own, so that nobody has to wait. */
function siteAt (port: number) {
  let requests = 0
  const send = (path: string, fields: Record<string, string>, cookie = '') => {
    const address = `10.0.${++requests >> 8}.${requests & 255}`
    return submit(port, path, fields, { cookie, 'x-forwarded-for': address })
  }
  return {
    signUp: (email: string) => send('/signup', { ...grace, email }),
    logIn: (email: string, password: string) => send('/login', { email, password }),
    changePassword: (cookie: string, current: string, chosen: string) => send('/account/password', { current_password: current, new_password: chosen }, cookie),
    dashboard: (cookie: string) => statusOf(port, '/dashboard', cookie)
  }
}

/** The same numbers from 0 to 1 for the same seed. */
function randomFrom (seed: number) {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
