import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { attemptOf } from '../../../src/authentication/attempt.ts'
import { makePublic } from '../../../src/http/guards.ts'
import { onEveryStore } from '../../every-store.ts'
import { Browser, grace, inDatabaseOf, openService, type Service } from '../../helper.ts'
import { handleOf } from '../../../src/sessions/session-handle.ts'

declare module 'fastify' {
  interface Session {
    notes?: string
    colour?: string
  }
}

const TIMES = 200
/** Where each turn asks another process a dozen times. */
const TIMES_IN_POSTGRES = 20

/** Holds a request between reading its session and saving it, for as long as a test wants. */
class Gate {
  arrive!: () => void
  open!: () => void
  readonly arrived = new Promise<void>(resolve => { this.arrive = resolve })
  readonly opened = new Promise<void>(resolve => { this.open = resolve })
}

/** An application's pages: one that reads, one that writes, each with time to think; and a login by other means. */
function pagesWith (gates: Map<string, Gate>) {
  return async function application (app: FastifyInstance): Promise<void> {
    app.addHook('onRoute', makePublic)
    app.get<{ Params: { gate: string } }>('/read/:gate', async ({ params, session }) => {
      await pass(gates, params.gate)
      return { notes: session.notes }
    })
    app.get<{ Params: { gate: string } }>('/write/:gate', async (request) => {
      await pass(gates, request.params.gate)
      request.session.notes = 'written late'
      return { ok: true }
    })
    app.get<{ Params: { field: 'notes' | 'colour', value: string } }>('/set/:field/:value', async (request) => {
      request.session[request.params.field] = request.params.value
      return { ok: true }
    })
    app.get('/get', async ({ session: { notes, colour } }) => ({ notes, colour }))
    app.get('/enter', async (request, reply) => {
      const user = (await app.users.findByEmail(grace.email))!
      await request.completeLogin(attemptOf(user, { method: 'pwd', at: app.now() }, { remember: false, returnTo: null }))
      return await reply.redirect('/', 303)
    })
  }
}

async function pass (gates: Map<string, Gate>, name: string) {
  const gate = gates.get(name)
  gate?.arrive()
  await gate?.opened
}

onEveryStore(t, async (t, settings) => {
  const given = await settings()
  const times = 'DATABASE_URL' in given ? TIMES_IN_POSTGRES : TIMES
  const gates = new Map<string, Gate>()
  const service = await openService(t, given, { pages: pagesWith(gates) })
  await service.browser().signUp()

  const ends: Record<string, (laptop: Browser, service: Service) => Promise<unknown>> = {
    'by its own logout': laptop => sameBrowser(laptop).logOut(),
    'by a new login': laptop => sameBrowser(laptop).get('/enter'),
    'from another device': async (laptop, { app }) => {
      const user = await app.users.findByEmail(grace.email)
      return await app.sessions.revokeOf(user!.id, handleIn(laptop))
    }
  }
  for (const kind of ['read', 'write']) {
    for (const [how, end] of Object.entries(ends)) {
      t.test(`a session that was ended ${how} while a slow request ${kind}s it stays ended, ${times} times`, async t => {
        let unavailable = 0
        for (let turn = 0; turn < times; turn++) {
          const laptop = service.browser()
          await laptop.get('/enter')
          const gate = new Gate()
          gates.set('slow', gate)
          const slow = sameBrowser(laptop).get(`/${kind}/slow`)
          // On a busy machine a store may answer too late; then this turn has shown nothing.
          if (await Promise.race([gate.arrived, slow]) !== undefined) {
            if (++unavailable > times) return t.fail('the store does not answer')
            turn--
            continue
          }
          await end(laptop, service)
          gate.open()
          if ((await slow).status !== 200) t.fail('the request under way may finish')
          if (await laptop.isLoggedIn()) t.fail(`came back at turn ${turn}`)
        }
        t.pass()
      })
    }
  }

  t.test(`a logout at the same time as a save ends the session, ${times} times`, async t => {
    for (let turn = 0; turn < times; turn++) {
      const laptop = service.browser()
      await laptop.get('/enter')
      const thief = sameBrowser(laptop)
      await Promise.all([sameBrowser(laptop).get('/set/notes/x'), laptop.logOut(), sameBrowser(laptop).get('/write/none')])
      if (await thief.isLoggedIn()) t.fail(`came back at turn ${turn}`)
    }
    t.pass()
  })

  t.test(`parallel writers of different fields lose nothing, of one field the last one wins whole, ${times} times`, async t => {
    const laptop = service.browser()
    await laptop.get('/enter')
    for (let turn = 0; turn < times; turn++) {
      await Promise.all([laptop.get(`/set/notes/a${turn}`), laptop.get(`/set/colour/b${turn}`), laptop.get(`/set/colour/c${turn}`), laptop.get('/get')])
      const { notes, colour } = (await laptop.get('/get')).json<{ notes: string, colour: string }>()
      if (notes !== `a${turn}` || !/^[bc]\d+$/.test(colour) || !colour.endsWith(String(turn))) t.fail(`${notes} ${colour} at turn ${turn}`)
    }
    t.pass()
  })

  t.test(`two logins at once from one browser give two live sessions and a dead old one, ${times} times`, async t => {
    for (let turn = 0; turn < times; turn++) {
      // The newest are to stay, so that time has to go on.
      service.time.pass(1)
      const before = service.browser()
      await before.get('/enter')
      const twins = [sameBrowser(before), sameBrowser(before)]
      await Promise.all(twins.map(twin => twin.get('/enter')))
      if (await before.isLoggedIn()) t.fail('the old one lives')
      if (handleIn(twins[0]!) === handleIn(twins[1]!)) t.fail('one id twice')
      for (const twin of twins) if (!await twin.isLoggedIn()) t.fail('a login was lost')
    }
    t.pass()
  })

  t.test('a user whose epoch is raised while a login is under way is not in', async t => {
    const gate = new Gate()
    gates.set('slow', gate)
    const laptop = service.browser()
    await laptop.get('/enter')
    const slow = sameBrowser(laptop).get('/write/slow')
    t.equal(await Promise.race([gate.arrived, slow]), undefined, 'the request is under way')
    await inDatabaseOf(service, 'update users set session_epoch = session_epoch + 1')
    gate.open()
    await slow
    t.notOk(await laptop.isLoggedIn())
  })
})

/** Another tab: the same cookies, sent at the same time. */
function sameBrowser (browser: Browser): Browser {
  const tab = new Browser(browser.app)
  for (const [name, value] of browser.cookies) tab.cookies.set(name, value)
  return tab
}

function handleIn (browser: Browser): string {
  return handleOf(decodeURIComponent(browser.cookies.get('session')!).split('.')[0]!)
}
