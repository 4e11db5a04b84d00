import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import { loadConfig } from '../src/config/config.ts'
import { latchkey } from '../src/latchkey.ts'
import { serverOptions } from '../src/config/server-options.ts'

/*
 * 100,000 requests without a cookie from four addresses: how many sessions do they leave?
 */

const REQUESTS = 100_000
const AT_ONCE = 100
const ADDRESSES = ['203.0.113.1', '203.0.113.2', '::ffff:203.0.113.1', '2001:db8::1']
const PATHS = ['/', '/about', '/contact', '/login', '/signup', '/health/live', '/assets/pico.css', '/nowhere']
/** Three, as the third is the first written as IPv6, with twenty sessions for each. */
const ALLOWED = 3 * 20

const folder = mkdtempSync(join(tmpdir(), 'latchkey-flood-'))
const config = loadConfig({ DATA_DIR: folder, LOG_LEVEL: 'silent' }, 'no.env')
const app = Fastify({ ...serverOptions(config), logger: false })
await app.register(latchkey, { config })

for (let sent = 0; sent < REQUESTS; sent += AT_ONCE) {
  const answers = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => app.inject({
    url: PATHS[(sent + i) % PATHS.length]!,
    remoteAddress: ADDRESSES[(sent + i * 7) % ADDRESSES.length]!
  })))
  if (answers.some(({ statusCode }) => statusCode >= 500)) throw new Error('an answer was a 5xx')
}
const left = await app.sessions.count()
console.log(`${REQUESTS} requests from ${ADDRESSES.length} addresses left ${left} sessions (at most ${ALLOWED})`)
await app.close()
rmSync(folder, { recursive: true })
if (left > ALLOWED) process.exitCode = 1
