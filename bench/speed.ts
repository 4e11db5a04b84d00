import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import autocannon from 'autocannon'
import { packageRoot } from '../src/package-root.ts'
import { freePort } from '../test/free-port.ts'
import { withRedisServer } from './redis-server.ts'

/*
 * How fast Latchkey answers, as ratios: each figure and its peer are measured in turn, in one run, with one core for the
 * servers and the other for the load and Redis. See bench/peers/ for what it is measured against.
 */

const ROUNDS = 5
const ROUND_SECONDS = 4
const CONNECTIONS = 64
const SERVER_CORE = '0'
const MILLION = 1_000_000
const ENDED = 100

const person = { first_name: 'Grace', last_name: 'Hopper', email: 'grace@example.com', password: 'nanoseconds are short wires' }
const throughNginx = { 'x-original-url': 'http://localhost/page', 'x-original-method': 'GET' }

const json = { accept: 'application/json' }
const html = { accept: 'text/html' }

interface Peer {
  origin: string
  pid: number
  /** Its own, where it is not the one that Latchkey gave. */
  cookie?: string | undefined
}

interface Target {
  url: string
  headers: Record<string, string>
  /** Of these each connection sends one, where not all send the same. */
  cookies?: string[]
}

const folder = mkdtempSync(join(tmpdir(), 'latchkey-speed-'))
const servers: ChildProcess[] = []
try {
  await withRedisServer(({ url }) => measure(url))
} finally {
  await Promise.all(servers.map(server => { server.kill('SIGKILL'); return once(server, 'exit') }))
  rmSync(folder, { recursive: true })
}

async function measure (redisUrl: string): Promise<void> {
  const reading = await startLatchkey(redisUrl, { ANSWERS_FROM_MEMORY: 'off' })
  const remembering = await startLatchkey(redisUrl)
  const { cookie, userId } = await signUp(reading.origin)
  const cookies = await logIn(reading.origin, CONNECTIONS)
  const shared = { REDIS_URL: redisUrl, DATABASE: join(folder, 'latchkey.sqlite'), USER_ID: userId, VIEWS: join(packageRoot, 'views') }
  const [express, fastify, bare] = await Promise.all(['express-session', 'fastify-session', 'bare-fastify'].map(name => startPeer(name, shared)))
  const of = ({ origin, cookie: own = cookie }: Peer, path: string, headers = {}): Target => ({ url: `${origin}${path}`, headers: { cookie: own, ...headers } })
  const targets = {
    session: of(reading, '/session', json),
    authz: of(reading, '/authz/nginx', throughNginx),
    rememberedSession: of(remembering, '/session', json),
    remembered: of(remembering, '/authz/nginx', throughNginx),
    sessions: { ...of(reading, '/session', json), cookies },
    authzOfMany: { ...of(reading, '/authz/nginx', throughNginx), cookies },
    rememberedOfMany: { ...of(remembering, '/authz/nginx', throughNginx), cookies },
    dashboard: of(reading, '/dashboard', html),
    expressSession: of(express!, '/session', json),
    expressDashboard: of(express!, '/dashboard', html),
    fastifySession: of(fastify!, '/session', json),
    bareGet: of(bare!, '/get', throughNginx),
    bareNothing: of(bare!, '/nothing', throughNginx)
  }
  const rates = await ratesOf(targets)
  const tail = await tailsAt(rates.session / 2, targets.session, targets.expressSession)
  const forgotten = await slowestToForget(reading.origin, remembering.origin)
  const grown = [await growth(reading, targets.session), await growth(remembering, targets.remembered)]

  console.log(`\nNode ${process.version}, ${cpus().length} × ${cpus()[0]!.model.trim()}, one core for the servers; medians of ${ROUNDS} rounds of ${ROUND_SECONDS} s, ${CONNECTIONS} connections\n`)
  row('figure', 'Latchkey', 'peer', 'ratio', 'to reach', '')
  ratio('GET /session : Express, express-session, connect-redis', rates.session, rates.expressSession, 3.5)
  ratio('GET /session : Fastify, @fastify/session, connect-redis', rates.session, rates.fastifySession, 1.6)
  ratio('GET /session from memory : Express, express-session, connect-redis', rates.rememberedSession, rates.expressSession, 3.5)
  ratio('GET /session from memory : Fastify, @fastify/session, connect-redis', rates.rememberedSession, rates.fastifySession, 1.6)
  ratio('GET /session of 64 sessions : Fastify, @fastify/session, connect-redis', rates.sessions, rates.fastifySession, 1.6)
  ratio('GET /authz/nginx : Fastify with one GET of Redis', rates.authz, rates.bareGet, 0.85)
  ratio('GET /authz/nginx of 64 sessions : Fastify with one GET of Redis', rates.authzOfMany, rates.bareGet, 0.85)
  ratio('GET /authz/nginx from memory : Fastify that does nothing', rates.remembered, rates.bareNothing, 0.75)
  ratio('GET /authz/nginx from memory : ANSWERS_FROM_MEMORY=off', rates.remembered, rates.authz, 1.25)
  ratio('GET /authz/nginx from memory, 64 sessions : ANSWERS_FROM_MEMORY=off', rates.rememberedOfMany, rates.authzOfMany, 1.25)
  ratio('GET /dashboard : Express, EJS, express-session', rates.dashboard, rates.expressDashboard, 2.5)
  below(`p99 in ms of GET /session at ${Math.round(rates.session / 2)}/s : express-session`, tail.latchkey, tail.peer, 0.5)
  for (const [at, { before, after }] of grown.entries()) below(`resident MB after a million requests${at === 0 ? '' : ' from memory'} : before`, after, before, 1.05)
  row(`ms until ${ENDED} sessions ended elsewhere were all refused, the slowest`, String(forgotten), '', '', '≤ 50', forgotten <= 50 ? 'pass' : 'short')
}

/** Requests per second of each, the median of rounds in which all had their turn. */
async function ratesOf<Name extends string> (targets: Record<Name, Target>): Promise<Record<Name, number>> {
  const names = Object.keys(targets) as Name[]
  const seen = Object.fromEntries(names.map(name => [name, [] as number[]])) as Record<Name, number[]>
  for (const name of names) await load(targets[name], { duration: ROUND_SECONDS })
  for (let round = 1; round <= ROUNDS; round++) {
    console.error(`round ${round} of ${ROUNDS}`)
    for (const name of names) seen[name].push((await load(targets[name], { duration: ROUND_SECONDS })).requests.average)
  }
  return Object.fromEntries(names.map(name => [name, median(seen[name])])) as Record<Name, number>
}

async function tailsAt (rate: number, latchkey: Target, peer: Target) {
  const seen: { latchkey: number[], peer: number[] } = { latchkey: [], peer: [] }
  for (let round = 1; round <= ROUNDS; round++) {
    seen.latchkey.push((await load(latchkey, { duration: ROUND_SECONDS, overallRate: rate })).latency.p99)
    seen.peer.push((await load(peer, { duration: ROUND_SECONDS, overallRate: rate })).latency.p99)
  }
  return { latchkey: median(seen.latchkey), peer: median(seen.peer) }
}

async function load ({ cookies, ...target }: Target, how: { duration: number, overallRate?: number } | { amount: number }) {
  let connection = 0
  const setupClient = (client: autocannon.Client) => {
    if (cookies) client.setHeaders({ ...target.headers, cookie: cookies[connection++ % cookies.length]! })
  }
  const result = await autocannon({ ...target, ...how, connections: CONNECTIONS, setupClient })
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${target.url} answered ${result.non2xx} times with something else than 2xx, and failed ${result.errors} times`)
  return result
}

/** Megabytes before and after a million requests. What a process has given back while it idled it takes again first. */
async function growth ({ pid }: Peer, target: Target) {
  await load(target, { amount: MILLION / 2 })
  const before = residentMegabytes(pid)
  await load(target, { amount: MILLION })
  return { before, after: residentMegabytes(pid) }
}

/** Milliseconds from the answer to a logout at one service until another, which knows the session from memory, refuses it: the longest of all. */
async function slowestToForget (here: string, there: string): Promise<number> {
  let slowest = 0
  for (let ended = 0; ended < ENDED; ended++) {
    const [cookie] = await logIn(here, 1) as [string]
    const passes = async () => (await fetch(`${there}/authz/nginx`, { headers: { cookie, ...throughNginx } })).ok
    if (!await passes() || !await passes()) throw new Error('a session that had begun was refused')
    await submit(here, '/logout', {}, cookie)
    const begun = performance.now()
    while (await passes());
    slowest = Math.max(slowest, Math.round(performance.now() - begun))
  }
  return slowest
}

async function startLatchkey (redisUrl: string, more: Record<string, string> = {}): Promise<Peer> {
  const cli = [join(packageRoot, 'node_modules/fastify-cli/cli.js'), 'start', '--options', join(packageRoot, 'dist/src/app.js')]
  const settings = { REDIS_URL: redisUrl, DATA_DIR: folder, SESSION_SECRET: 'a secret that nobody else has to know', LOG_LEVEL: 'error', TRUSTED_PROXIES: '127.0.0.1', SESSIONS_PER_USER: '1000', ...more }
  const { port, server } = await startServer(cli, settings)
  const origin = `http://127.0.0.1:${port}`
  while (!await fetch(`${origin}/health/ready`).then(({ ok }) => ok, () => false)) await new Promise(resolve => setTimeout(resolve, 50))
  return { origin, pid: server.pid! }
}

async function signUp (origin: string) {
  const cookie = cookieOf(await submit(origin, '/signup', person))
  const { user } = await (await fetch(`${origin}/session`, { headers: { cookie } })).json() as { user: { id: string } }
  return { cookie, userId: user.id }
}

/** The cookies of so many sessions of the person. */
async function logIn (origin: string, times: number): Promise<string[]> {
  const cookies: string[] = []
  while (cookies.length < times) cookies.push(cookieOf(await submit(origin, '/login', { email: person.email, password: person.password })))
  return cookies
}

async function submit (origin: string, path: string, fields: Record<string, string>, cookie = ''): Promise<Response> {
  return await fetch(`${origin}${path}`, { method: 'POST', redirect: 'manual', body: new URLSearchParams(fields), headers: { cookie, 'sec-fetch-site': 'same-origin' } })
}

async function startPeer (name: string, settings: Record<string, string>): Promise<Peer> {
  const { port, server } = await startServer([join(packageRoot, `bench/peers/${name}.js`)], settings)
  await once(createInterface({ input: server.stdout! }), 'line')
  server.stdout!.resume()
  const origin = `http://127.0.0.1:${port}`
  return { origin, pid: server.pid!, cookie: cookieOf(await fetch(`${origin}/login`, { method: 'POST' })) || undefined }
}

async function startServer (args: string[], settings: Record<string, string>) {
  const port = await freePort()
  const env = { PATH: process.env.PATH, NODE_ENV: 'production', PORT: String(port), ...settings }
  const server = spawn('taskset', ['-c', SERVER_CORE, process.execPath, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  servers.push(server)
  return { port, server }
}

function cookieOf (answer: Response): string {
  return answer.headers.getSetCookie().map(line => line.split(';')[0]).join('; ')
}

function residentMegabytes (pid: number): number {
  return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024)
}

function median (values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

function ratio (figure: string, ours: number, peers: number, toReach: number): void {
  row(figure, ours.toFixed(0), peers.toFixed(0), (ours / peers).toFixed(2), `≥ ${toReach.toFixed(2)}`, ours / peers >= toReach ? 'pass' : 'short')
}

function below (figure: string, ours: number, peers: number, toReach: number): void {
  row(figure, String(ours), String(peers), (ours / peers).toFixed(2), `≤ ${toReach.toFixed(2)}`, ours / peers <= toReach ? 'pass' : 'short')
}

function row (figure: string, ...cells: string[]): void {
  console.log(`${figure.padEnd(70)}${cells.map(cell => cell.padStart(10)).join('')}`)
}
