import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { packageRoot } from '../../src/config/package-root.ts'
import { freePort } from '../../test/free-port.ts'

/** Every server of a run shares this core; the load and Redis have the other one. */
const SERVER_CORE = '0'
const READY_POLL_MS = 50

/** A running server and the cookies of its sessions, one for each connection of the load. */
export interface Server {
  origin: string
  pid: number
  cookies: string[]
}

export interface Person { first_name: string, last_name: string, email: string, password: string }

const children: ChildProcess[] = []

export async function startLatchkey (dataDir: string, settings: Record<string, string>): Promise<Server> {
  const command = [join(packageRoot, 'node_modules/fastify-cli/cli.js'), 'start', '--options', join(packageRoot, 'dist/src/app.js')]
  const { port, child } = await startOnServerCore(command, {
    DATA_DIR: dataDir, SESSION_SECRET: 'a secret that nobody else has to know', LOG_LEVEL: 'error', TRUSTED_PROXIES: '127.0.0.1', SESSIONS_PER_USER: '1000', ...settings
  })
  const origin = `http://127.0.0.1:${port}`
  while (!await fetch(`${origin}/health/ready`).then(({ ok }) => ok, () => false)) await new Promise(resolve => setTimeout(resolve, READY_POLL_MS))
  return { origin, pid: child.pid!, cookies: [] }
}

/** A server of bench/peers/, with as many sessions as there are connections. */
export async function startPeer (name: string, settings: Record<string, string>, sessions: number): Promise<Server> {
  const { port, child } = await startOnServerCore([join(packageRoot, `bench/peers/${name}.js`)], settings)
  await once(createInterface({ input: child.stdout! }), 'line')
  child.stdout!.resume()
  const origin = `http://127.0.0.1:${port}`
  const cookies = await collect(sessions, () => fetch(`${origin}/login`, { method: 'POST' }))
  return { origin, pid: child.pid!, cookies }
}

export async function stopServers (): Promise<void> {
  await Promise.all(children.map(child => { child.kill('SIGKILL'); return once(child, 'exit') }))
}

export async function signUp (origin: string, person: Person): Promise<string> {
  const cookie = cookieOf(await submit(origin, '/signup', { ...person }))
  const { user } = await (await fetch(`${origin}/session`, { headers: { cookie, accept: 'application/json' } })).json() as { user: { id: string } }
  return user.id
}

/** @returns the cookies of so many new sessions of the person */
export async function logIn (origin: string, { email, password }: Person, sessions: number): Promise<string[]> {
  return await collect(sessions, () => submit(origin, '/login', { email, password }))
}

export async function submit (origin: string, path: string, fields: Record<string, string>, cookie = ''): Promise<Response> {
  return await fetch(`${origin}${path}`, { method: 'POST', redirect: 'manual', body: new URLSearchParams(fields), headers: { cookie, 'sec-fetch-site': 'same-origin' } })
}

/** One after another, as hashing is not what is measured. */
async function collect (count: number, login: () => Promise<Response>): Promise<string[]> {
  const cookies: string[] = []
  while (cookies.length < count) cookies.push(cookieOf(await login()))
  return cookies
}

function cookieOf (answer: Response): string {
  return answer.headers.getSetCookie().map(line => line.split(';')[0]).join('; ')
}

async function startOnServerCore (args: string[], settings: Record<string, string>) {
  const port = await freePort()
  const env = { PATH: process.env.PATH, NODE_ENV: 'production', PORT: String(port), ...settings }
  const child = spawn('taskset', ['-c', SERVER_CORE, process.execPath, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  return { port, child }
}
