import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Compile } from 'typebox/schema'
import { described } from '../docs/openapi.ts'
import { latchkey } from '../src/latchkey.ts'
import { packageRoot } from '../src/config/package-root.ts'
import { type Answer, Browser, grace, openServer, sqliteIn } from './helper.ts'

interface Response { headers?: Record<string, object>, content?: Record<string, { schema: object }> }
interface Document { paths: Record<string, Record<string, { responses: Record<string, Response> }>> }

const written = readFileSync(join(packageRoot, 'docs/openapi.json'), 'utf8')
const { paths } = JSON.parse(written) as Document
const proxied = { PUBLIC_URL: 'https://login.example.com', COOKIE_DOMAIN: 'example.com', TRUSTED_PROXIES: '127.0.0.1', FORWARD_AUTH_RULES: 'closed.example.com ada@example.com' }
const asking = { host: 'app.example.com', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'app.example.com', 'x-forwarded-uri': '/', 'x-original-url': 'https://app.example.com/' }
const json = { accept: 'application/json' }

/** Latchkey, what its routes say of themselves, and what its answers were before they were written as JSON. */
async function open (t: Test) {
  const { app, config } = openServer(t, proxied)
  const document = described(app)
  const payloads: unknown[] = []
  app.addHook('preSerialization', async (_request, _reply, payload) => { payloads.push(JSON.parse(JSON.stringify(payload))); return payload })
  await app.register(latchkey, { config, drainMs: 0 })
  await app.ready()
  const browser = () => new Browser(app, { headers: { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'login.example.com' } })
  return { app, document, payloads, browser }
}

t.test('docs/openapi.json says what the routes say: npm run openapi writes it', async t => {
  const { document } = await open(t)
  t.equal(`${JSON.stringify(document, null, 2)}\n`, written)
})

t.test('every answer is one that the document knows', async t => {
  const { app, browser } = await open(t)
  const [laptop, stranger] = [browser(), browser()]
  await laptop.signUp()
  const seen = new Set<string>()
  const ask = async (browser: Browser, path: string, headers = {}) => {
    const known = Object.keys(paths).find(known => path === known.replace('/{path}', '/'))!
    const answer = await browser.get(path, headers)
    fits(t, answer, `${known} ${answer.status}`)
    seen.add(`${known} ${answer.status}`)
  }
  const askAll = async () => {
    for (const path of ['/health/live', '/health/ready']) await ask(stranger, path)
    for (const path of ['/session', '/account/export']) for (const who of [laptop, stranger]) for (const headers of [{}, json]) await ask(who, path, headers)
    for (const path of Object.keys(paths).filter(path => path.startsWith('/authz/')).map(path => path.replace('{path}', ''))) {
      for (const who of [laptop, stranger]) for (const headers of [{}, json]) await ask(who, path, { ...asking, ...headers })
      const elsewhere = { host: 'closed.example.com', 'x-forwarded-host': 'closed.example.com', 'x-original-url': 'https://closed.example.com/' }
      await ask(laptop, path, { ...asking, ...elsewhere })
      await ask(laptop, path, { ...asking, host: '#', 'x-forwarded-host': '#', 'x-original-url': '#' })
    }
  }
  await askAll()
  sqliteIn(app).close()
  await askAll()
  const documented = Object.entries(paths).flatMap(([path, { get }]) => Object.keys(get!.responses).filter(status => status !== 'default').map(status => `${path} ${status}`))
  t.strictSame([...seen].sort(), documented.sort(), 'and every answer that it knows was seen')
})

t.test('nothing is lost on the way from a handler to its answer', async t => {
  const { payloads, browser } = await open(t)
  const laptop = browser()
  await laptop.signUp(grace)
  await laptop.get('/')
  for (const path of ['/session', '/account/export', '/health/live', '/health/ready']) {
    const answer = await laptop.get(path, json)
    t.strictSame(answer.json(), payloads.at(-1), path)
  }
  t.strictSame((await browser().get('/session', json)).json(), payloads.at(-1))
  t.equal(payloads.length, 5)
})

/** Whether an answer has the headers and the body of one that is written down. */
function fits (t: Test, { status, headers, body }: Answer, name: string): unknown {
  const response = paths[name.split(' ')[0]!]!.get!.responses[status]
  if (response === undefined) return t.fail(`${name} is not written down`)
  for (const header of Object.keys(response.headers ?? {})) t.type(headers[header.toLowerCase()], 'string', `${name} ${header}`)
  const mediaType = String(headers['content-type'] ?? '').split(';', 1)[0]!
  if (response.content === undefined) return t.equal(body, '', name)
  const known = response.content[mediaType]
  if (known === undefined) return t.fail(`${name} ${mediaType} is not written down`)
  t.ok(Compile(known.schema).Check(mediaType === 'application/json' ? JSON.parse(body) : body), `${name} ${mediaType}`)
}
