import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../src/config/package-root.ts'
import { withRedisServer } from './redis-server.ts'
import { CONNECTIONS, type Cost, costsOf, load, type Target } from './speed/load.ts'
import { logIn, type Server, signUp, startLatchkey, startPeer, stopServers, submit } from './speed/servers.ts'

/*
 * What a request costs: CPU time of the server process per request, next to requests per second, for Latchkey and its
 * peers (bench/peers/) in one run. CPU time holds still where throughput doesn't: other work on the machine doesn't count.
 *
 *   npm run speed              about eight minutes
 *   npm run speed -- --quick   under two minutes: the costs only, in fewer and shorter rounds
 */

const isQuick = process.argv.includes('--quick')
const plan = isQuick ? { rounds: 3, seconds: 1 } : { rounds: 8, seconds: 3 }
const MILLION = 1_000_000
const REVOKED_SESSIONS = 100

const person = { first_name: 'Grace', last_name: 'Hopper', email: 'grace@example.com', password: 'nanoseconds are short wires' }
const throughNginx = { 'x-original-url': 'http://localhost/page', 'x-original-method': 'GET' }
const json = { accept: 'application/json' }
const html = { accept: 'text/html' }

const folder = mkdtempSync(join(tmpdir(), 'latchkey-speed-'))
try {
  await withRedisServer(({ url }) => measure(url))
} finally {
  await stopServers()
  rmSync(folder, { recursive: true })
}

async function measure (redisUrl: string): Promise<void> {
  const reading = await startLatchkey(folder, { REDIS_URL: redisUrl, ANSWERS_FROM_MEMORY: 'off' })
  const remembering = await startLatchkey(folder, { REDIS_URL: redisUrl })
  const userId = await signUp(reading.origin, person)
  reading.cookies = remembering.cookies = await logIn(reading.origin, person, CONNECTIONS)
  const shared = { REDIS_URL: redisUrl, DATABASE: join(folder, 'latchkey.sqlite'), USER_ID: userId, VIEWS: join(packageRoot, 'views') }
  const [express, fastify, bare] = await Promise.all(['express-session', 'fastify-session', 'bare-fastify'].map(name => startPeer(name, shared, CONNECTIONS)))
  const targets = {
    session: { server: reading, path: '/session', headers: json },
    cachedSession: { server: remembering, path: '/session', headers: json },
    authz: { server: reading, path: '/authz/nginx', headers: throughNginx },
    cachedAuthz: { server: remembering, path: '/authz/nginx', headers: throughNginx },
    dashboard: { server: reading, path: '/dashboard', headers: html },
    expressSession: { server: express!, path: '/session', headers: json },
    expressDashboard: { server: express!, path: '/dashboard', headers: html },
    fastifySession: { server: fastify!, path: '/session', headers: json },
    bareGet: { server: bare!, path: '/get', headers: throughNginx },
    bareNothing: { server: bare!, path: '/nothing', headers: throughNginx }
  } satisfies Record<string, Target>
  const costs = await costsOf(targets, plan)

  console.log(`\nNode ${process.version}, ${cpus().length} × ${cpus()[0]!.model.trim()}, one core for the servers; ${CONNECTIONS} connections with a session each; the least of ${plan.rounds} rounds of ${plan.seconds} s\n`)
  row('', 'µs', 'peer µs', 'ratio', 'req/s', 'peer req/s')
  compare('GET /authz/nginx : Fastify with one GET of Redis', costs.authz, costs.bareGet)
  compare('GET /authz/nginx from memory : Fastify that does nothing', costs.cachedAuthz, costs.bareNothing)
  compare('GET /session : Fastify, @fastify/session, connect-redis', costs.session, costs.fastifySession)
  compare('GET /session from memory : Fastify, @fastify/session, connect-redis', costs.cachedSession, costs.fastifySession)
  compare('GET /session : Express, express-session, connect-redis', costs.session, costs.expressSession)
  compare('GET /dashboard : Express, EJS, express-session', costs.dashboard, costs.expressDashboard)
  if (!isQuick) await measureTheRest(targets, costs.session.requestsPerSecond / 2)
}

/** What takes minutes: the slowest answers, memory, and how soon a revocation is seen by a process that answers from memory. */
async function measureTheRest (targets: Record<'session' | 'expressSession' | 'cachedAuthz', Target>, rate: number): Promise<void> {
  const { session, expressSession, cachedAuthz } = targets
  console.log()
  const tail = async (target: Target) => (await load(target, { duration: 10, overallRate: rate })).latency.p99
  console.log(`p99 of GET /session at ${Math.round(rate)} requests per second: ${await tail(session)} ms, express-session ${await tail(expressSession)} ms`)
  for (const target of [session, cachedAuthz]) {
    const { before, after } = await growthOf(target)
    console.log(`Resident memory after 500,000 requests of ${target.path}: ${before} MB, after a million more: ${after} MB`)
  }
  console.log(`${REVOKED_SESSIONS} sessions revoked elsewhere: the slowest was refused after ${await slowestRevocation(session.server, cachedAuthz.server)} ms`)
}

/** Half a million requests come first: a process that idled has given memory back, which it takes again. */
async function growthOf (target: Target) {
  await load(target, { amount: MILLION / 2 })
  const before = residentMegabytes(target.server)
  await load(target, { amount: MILLION })
  return { before, after: residentMegabytes(target.server) }
}

/** Milliseconds from the answer to a logout at one process until another one, which has the session in memory, refuses it. */
async function slowestRevocation (here: Server, there: Server): Promise<number> {
  let slowest = 0
  for (let revoked = 0; revoked < REVOKED_SESSIONS; revoked++) {
    const [cookie] = await logIn(here.origin, person, 1) as [string]
    const passes = async () => (await fetch(`${there.origin}/authz/nginx`, { headers: { cookie, ...throughNginx } })).ok
    if (!await passes() || !await passes()) throw new Error('a new session was refused')
    await submit(here.origin, '/logout', {}, cookie)
    const started = performance.now()
    while (await passes());
    slowest = Math.max(slowest, Math.round(performance.now() - started))
  }
  return slowest
}

function residentMegabytes ({ pid }: Server): number {
  return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024)
}

function compare (figure: string, ours: Cost, peer: Cost): void {
  row(figure, ours.cpuMicroseconds.toFixed(1), peer.cpuMicroseconds.toFixed(1), (ours.cpuMicroseconds / peer.cpuMicroseconds).toFixed(2), ours.requestsPerSecond.toFixed(0), peer.requestsPerSecond.toFixed(0))
}

function row (figure: string, ...cells: string[]): void {
  console.log(`${figure.padEnd(70)}${cells.map(cell => cell.padStart(11)).join('')}`)
}
