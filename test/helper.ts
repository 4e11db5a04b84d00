import { join } from 'node:path'
import { Writable } from 'node:stream'
import AjvCompiler from '@fastify/ajv-compiler'
import Fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify'
import type { Test } from 'tap'
import { loadConfig } from '../src/config/config.ts'
import type { Database } from '../src/stores/database.ts'
import type { SqliteClient } from '../src/stores/sqlite/driver.ts'
import { latchkey } from '../src/latchkey.ts'
import { serverOptions } from '../src/config/server-options.ts'
import type { HashingCost } from '../src/credentials/passwords.ts'
import { queryPostgres } from './postgres-server.ts'
import { hasSecretFields, hasSecretSettings, isSecret, isSecretCookie, noSecretsIn } from './secrets.ts'
import { copySqliteTemplate } from './sqlite-template.ts'

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

/** The least that argon2 takes. */
export const cheapHashing: HashingCost = { memoryCost: 8, timeCost: 1, parallelism: 1 }

export const grace = {
  first_name: 'Grace',
  last_name: 'Hopper',
  email: 'grace@example.com',
  password: 'nanoseconds are short wires'
}

/** A running service with a clock that tests move and a log that they read. */
export interface Service {
  app: FastifyInstance
  time: MovableClock
  log: LogLine[]
  folder: string
  /** Such as `POST /account/devices/:handle/revoke`. */
  routes: string[]
  /** A browser of its own: its cookies are its own. */
  browser (options?: BrowserOptions): Browser
}

export type Settings = Record<string, string>

export type LogLine = Record<string, unknown> & { level: number, msg: string }

export class MovableClock {
  at = Date.now()
  now = () => this.at
  pass (ms: number) { this.at += ms }
}

/** Fastify's own, shared by all services of a file: compiling the schemas of the forms takes longer than most tests. */
const buildValidator = AjvCompiler()

/** A Fastify server with the service's own options, and nothing on it yet. */
export function openServer (t: Test, settings: Settings = {}, folder = t.testdir()) {
  const config = loadConfig({ DATA_DIR: join(folder, 'data'), ...settings }, join(folder, 'no.env'))
  const log: LogLine[] = []
  const stream = new Writable({ write (line, _encoding, done) { log.push(JSON.parse(String(line))); done() } })
  const options = serverOptions(config)
  const app: FastifyInstance = Fastify({ ...options, logger: { ...options.logger, stream }, schemaController: { compilersFactory: { buildValidator } } })
  hasSecretSettings(config)
  t.teardown(async () => {
    await app.close()
    noSecretsIn(JSON.stringify(log))
  })
  return { app, config, log, folder }
}

interface More {
  /** Of a service before this one, to go on with its data. */
  folder?: string
  /** Milliseconds after now at which it starts. */
  later?: number
  /** Pages of an application, beside the service's own. */
  pages?: FastifyPluginAsync
  /** Routes of an application, outside of the service's own. */
  outside?: FastifyPluginAsync
  /** For tests about hashing: the service's own cost, where others get by with next to none. */
  realHashing?: boolean
}

export async function openService (t: Test, settings: Settings | Promise<Settings> = {}, more: More = {}): Promise<Service> {
  const { app, config, log, folder } = openServer(t, await settings, more.folder)
  const time = new MovableClock()
  time.pass(more.later ?? 0)
  if (config.postgresUrl === undefined) copySqliteTemplate(config.sqlitePath)
  const routes: string[] = []
  app.addHook('onRoute', ({ method, url }) => { for (const one of [method].flat()) routes.push(`${one} ${url}`) })
  app.addHook('onRegister', scope => { if (scope.pluginName === 'pages' && more.pages) scope.register(more.pages) })
  await app.register(latchkey, { config, now: time.now, drainMs: 0, ...(more.realHashing ? {} : { hashingCost: cheapHashing }) })
  if (more.outside) await app.register(more.outside)
  await app.ready()
  isSecret(...app.secrets)
  return { app, time, log, folder, routes, browser: options => new Browser(app, options) }
}

/** The file below a service whose database is SQLite. */
export function sqliteIn ({ database }: FastifyInstance): SqliteClient {
  return (database as Database & { $client: SqliteClient }).$client
}

/** Runs a statement that both dialects know in the database below a service. */
export async function inDatabaseOf ({ app }: Pick<Service, 'app'>, statement: string): Promise<void> {
  const { postgresUrl } = app.config
  if (postgresUrl === undefined) sqliteIn(app).exec(statement)
  else await queryPostgres(postgresUrl, statement)
}

/** The rows of a query that both dialects know. */
export async function rowsOf ({ app }: Pick<Service, 'app'>, query: string): Promise<unknown[]> {
  const { postgresUrl } = app.config
  return postgresUrl === undefined ? sqliteIn(app).prepare(query).all() : (await queryPostgres(postgresUrl, query)).rows
}

let addresses = 0

/** An address that nobody has come from yet: what is counted for one is not counted for another. */
export function anotherAddress (): string {
  addresses++
  return `10.${addresses >> 16}.${addresses >> 8 & 255}.${addresses & 255}`
}

export interface BrowserOptions {
  address?: string
  headers?: Record<string, string>
}

export interface Answer {
  status: number
  headers: Record<string, string | string[] | number | undefined>
  location: string | undefined
  setCookies: string[]
  body: string
  json<T> (): T
}

/** Keeps cookies as a browser does, and says where its forms come from. */
export class Browser {
  readonly cookies = new Map<string, string>()
  readonly app: FastifyInstance
  readonly options: BrowserOptions

  constructor (app: FastifyInstance, options: BrowserOptions = {}) {
    this.app = app
    this.options = options
  }

  async get (path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return await this.send('GET', path, headers)
  }

  async submit (path: string, fields: Record<string, string> | string = {}, headers: Record<string, string> = {}): Promise<Answer> {
    const payload = typeof fields === 'string' ? fields : new URLSearchParams(fields).toString()
    return await this.send('POST', path, { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded', ...headers }, payload)
  }

  async signUp (person: Record<string, string> = grace): Promise<Answer> {
    return await this.submit('/signup', person)
  }

  async logIn ({ email = grace.email, password = grace.password, ...more }: Record<string, string> = {}): Promise<Answer> {
    return await this.submit('/login', { email, password, ...more })
  }

  async logOut (): Promise<Answer> {
    return await this.submit('/logout')
  }

  /** Whether the service knows who this is. */
  async isLoggedIn (): Promise<boolean> {
    return (await this.get('/session', { accept: 'application/json' })).status === 200
  }

  async send (method: 'GET' | 'POST' | 'HEAD' | 'PUT' | 'DELETE', path: string, headers: Record<string, string> = {}, payload?: string | Buffer): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    if (payload !== undefined) hasSecretFields(new URLSearchParams(String(payload)))
    const answer = await this.app.inject({
      method,
      url: path,
      ...(payload === undefined ? {} : { payload }),
      ...(this.options.address === undefined ? {} : { remoteAddress: this.options.address }),
      headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', ...(cookie === '' ? {} : { cookie }), ...this.options.headers, ...headers }
    })
    const setCookies = [answer.headers['set-cookie'] ?? []].flat()
    setCookies.forEach(line => this.keep(line))
    return { status: answer.statusCode, headers: answer.headers, location: answer.headers.location, setCookies, body: answer.body, json: () => answer.json() }
  }

  private keep (line: string) {
    const [pair, ...attributes] = line.split('; ')
    const name = pair!.slice(0, pair!.indexOf('='))
    const value = pair!.slice(name.length + 1)
    // RFC 6265bis, 5.6: browsers ignore a prefixed cookie that lacks what its prefix promises.
    if (/^__(Host|Secure)-/.test(name) && !attributes.includes('Secure')) return
    if (attributes.includes('Max-Age=0')) this.cookies.delete(name)
    else this.cookies.set(name, value)
    isSecretCookie(value)
  }
}
