import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import autocannon from 'autocannon'
import { packageRoot } from '../src/package-root.ts'
import { freePort, withRedisServer } from './redis-server.ts'

/*
 * How fast Latchkey answers, as ratios: each figure and its peer are measured in turn, in one run, with one core for the
 * servers and the other for the load and Redis. See bench/peers/ for what it is measured against.
 */

const ROUNDS = 5
const ROUND_SECONDS = 4
const CONNECTIONS = 64
const SERVER_CORE = '0'
const MEGABYTE = 2 ** 20
const MILLION = 1_000_000

const person = { first_name: 'Grace', last_name: 'Hopper', email: 'grace@example.com', password: 'nanoseconds are short wires' }
const throughNginx = { 'x-original-url': 'http://localhost/page', 'x-original-method': 'GET' }

interface Target {
  url: string
  headers: Record<string, string>
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
  const { port, cookie, userId, pid } = await startLatchkey(redisUrl)
  const shared = { REDIS_URL: redisUrl, DATABASE: join(folder, 'latchkey.sqlite'), USER_ID: userId, VIEWS: join(packageRoot, 'views') }
  const [express, fastify, bare] = await Promise.all(['express-session', 'fastify-session', 'bare-fastify'].map(name => startPeer(name, shared)))
  const of = ({ port, cookie }: { port: number, cookie: string }, path: string, headers = {}): Target => ({ url: `http://127.0.0.1:${port}${path}`, headers: { cookie, ...headers } })
  const latchkey = { port, cookie }
  const targets = {
    session: of(latchkey, '/session', { accept: 'application/json' }),
    authz: of(latchkey, '/authz/nginx', throughNginx),
    dashboard: of(latchkey, '/dashboard', { accept: 'text/html' }),
    expressSession: of(express!, '/session', { accept: 'application/json' }),
    expressDashboard: of(express!, '/dashboard', { accept: 'text/html' }),
    fastifySession: of(fastify!, '/session', { accept: 'application/json' }),
    bareGet: of(bare!, '/get'),
    bareNothing: of(bare!, '/nothing')
  }
  const rates = await ratesOf(targets)
  const tail = await tailsAt(rates.session / 2, targets.session, targets.expressSession)
  const before = residentMemory(pid)
  await load(targets.session, { amount: MILLION })
  const after = residentMemory(pid)

  console.log(`\nNode ${process.version}, ${cpus().length} × ${cpus()[0]!.model.trim()}, one core for the servers; medians of ${ROUNDS} rounds of ${ROUND_SECONDS} s, ${CONNECTIONS} connections\n`)
  row('figure', 'Latchkey', 'peer', 'ratio', 'to reach', '')
  ratio('GET /session : Express, express-session, connect-redis', rates.session, rates.expressSession, 3.5)
  ratio('GET /session : Fastify, @fastify/session, connect-redis', rates.session, rates.fastifySession, 1.6)
  ratio('GET /authz/nginx : Fastify with one GET of Redis', rates.authz, rates.bareGet, 0.85)
  ratio('GET /authz/nginx : Fastify that does nothing', rates.authz, rates.bareNothing, 0.75)
  ratio('GET /dashboard : Express, EJS, express-session', rates.dashboard, rates.expressDashboard, 2.5)
  const slower = tail.latchkey / tail.peer
  row(`p99 in ms of GET /session at ${Math.round(rates.session / 2)}/s : express-session`, String(tail.latchkey), String(tail.peer), slower.toFixed(2), '≤ 0.50', slower <= 0.5 ? 'pass' : 'short')
  row('resident memory in MB after a million requests : before', mb(after), mb(before), (after / before).toFixed(2), '≤ 1.05', after <= before * 1.05 ? 'pass' : 'short')
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

async function load (target: Target, how: { duration: number, overallRate?: number } | { amount: number }) {
  const result = await autocannon({ ...target, ...how, connections: CONNECTIONS })
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${target.url} answered ${result.non2xx} times with something else than 2xx, and failed ${result.errors} times`)
  return result
}

async function startLatchkey (redisUrl: string) {
  const cli = [join(packageRoot, 'node_modules/fastify-cli/cli.js'), 'start', '--options', join(packageRoot, 'dist/src/app.js')]
  const settings = { REDIS_URL: redisUrl, DATA_DIR: folder, SESSION_SECRET: 'a secret that nobody else has to know', LOG_LEVEL: 'error', TRUSTED_PROXIES: '127.0.0.1' }
  const { port, server } = await startServer(cli, settings)
  const origin = `http://127.0.0.1:${port}`
  while (!await fetch(`${origin}/health/ready`).then(({ ok }) => ok, () => false)) await new Promise(resolve => setTimeout(resolve, 50))
  const signedUp = await fetch(`${origin}/signup`, { method: 'POST', redirect: 'manual', body: new URLSearchParams(person), headers: { 'sec-fetch-site': 'same-origin' } })
  const cookie = cookieOf(signedUp)
  const { user } = await (await fetch(`${origin}/session`, { headers: { cookie } })).json() as { user: { id: string } }
  return { port, cookie, userId: user.id, pid: server.pid! }
}

async function startPeer (name: string, settings: Record<string, string>) {
  const { port, server } = await startServer([join(packageRoot, `bench/peers/${name}.js`)], settings)
  await once(createInterface({ input: server.stdout! }), 'line')
  server.stdout!.resume()
  return { port, cookie: cookieOf(await fetch(`http://127.0.0.1:${port}/login`, { method: 'POST' })) }
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

/** Bytes, without what the load has left to be collected. */
function residentMemory (pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024
}

function median (values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

function ratio (figure: string, ours: number, peers: number, toReach: number): void {
  row(figure, ours.toFixed(0), peers.toFixed(0), (ours / peers).toFixed(2), `≥ ${toReach.toFixed(2)}`, ours / peers >= toReach ? 'pass' : 'short')
}

function row (figure: string, ...cells: string[]): void {
  console.log(`${figure.padEnd(62)}${cells.map(cell => cell.padStart(10)).join('')}`)
}

function mb (bytes: number): string {
  return (bytes / MEGABYTE).toFixed(0)
}
