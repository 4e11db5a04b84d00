import { ESLint } from 'eslint'
import t, { type Test } from 'tap'

/*
 * The directions of the imports, shown by breaking each: a rule that silently died would pass unseen otherwise.
 */

const eslint = new ESLint()

const allowed = {
  'routes/account/devices.ts': [
    "import { sessions } from '../../src/sessions/sessions.ts'",
    "import type { FastifyInstance } from 'fastify'",
    "import { Type } from '@fastify/type-provider-typebox'"
  ],
  'plugins/security.ts': [
    "import { config } from '../src/config/config.ts'",
    "import helmet from '@fastify/helmet'",
    "import fp from 'fastify-plugin'"
  ],
  'src/stores/sqlite/users.ts': [
    "import { users } from '../../../drizzle/sqlite/schema.ts'",
    "import type { UserRepository } from '../../users/user-repository.ts'",
    "import { SessionsUnavailable } from '../../errors.ts'",
    "import Database from 'better-sqlite3'",
    "import createError from '@fastify/error'",
    "import type { Session } from 'fastify'"
  ],
  'src/app.ts': ["import autoload from '@fastify/autoload'"],
  'drizzle/sqlite/schema.ts': ["import { text } from 'drizzle-orm/sqlite-core'"],
  'drizzle/sqlite/drizzle.config.ts': ["import { defineConfig } from 'drizzle-kit'"]
}

const refused = {
  'routes/account/devices.ts': [
    "import { plugin } from '../../plugins/core/sessions.ts'",
    "import { route } from '../login.ts'",
    "import { route } from './password.ts'",
    "import { users } from '../../drizzle/sqlite/schema.ts'",
    "import { eq } from 'drizzle-orm'",
    "import Database from 'better-sqlite3'",
    "import { Redis } from 'ioredis'",
    "import fastify from 'fastify'",
    "import view from '@fastify/view'"
  ],
  'plugins/security.ts': [
    "import { route } from '../routes/login.ts'",
    "import { plugin } from './sessions.ts'",
    "import { users } from '../drizzle/sqlite/schema.ts'"
  ],
  'src/stores/sqlite/users.ts': [
    "import { plugin } from '../../../plugins/core/sessions.ts'",
    "import { route } from '../../../routes/login.ts'",
    "import { config } from '../../../drizzle/sqlite/drizzle.config.ts'",
    "import { run } from '../../cli/run.ts'",
    "import fastify from 'fastify'",
    "import fp from 'fastify-plugin'",
    "import cookie from '@fastify/cookie'"
  ],
  'src/sessions/session-store.ts': [
    "import type { Account } from '../users/user-repository.ts'",
    "import { redisSessionStore } from '../stores/redis/session-store.ts'",
    "import type { Config } from '../config/config.ts'"
  ],
  'src/authentication/limits/login-attempts.ts': ["import { endSessions } from '../../accounts/end-sessions.ts'"],
  'src/app.ts': ["import { route } from '../routes/login.ts'"],
  'drizzle/sqlite/schema.ts': [
    "import { minute } from '../../src/sessions/session-store.ts'",
    "import Database from 'better-sqlite3'"
  ]
}

t.test('an import that goes with the direction passes', async t => {
  for (const [path, line] of linesOf(allowed)) t.notOk(await isRefused(path, line), `${path}: ${line}`)
})

t.test('an import against the direction is refused', async t => {
  for (const [path, line] of linesOf(refused)) t.ok(await isRefused(path, line), `${path}: ${line}`)
})

t.test('a route or a plugin cannot get around the direction with import()', async t => {
  const line = "await import('../plugins/core/sessions.ts')"
  for (const path of ['routes/login.ts', 'plugins/core/views.ts']) {
    t.ok((await rulesBroken(path, line)).includes('no-restricted-syntax'), path)
  }
})

t.test('the environment is read in src/config/config.ts alone', async t => {
  const lines = ['console.log(process.env.HOME)', "console.log(process['env'].HOME)", 'const { env } = process', "import { env } from 'node:process'"]
  for (const line of lines) {
    for (const path of ['src/app.ts', 'plugins/core/views.ts', 'routes/login.ts']) {
      t.ok((await rulesBroken(path, line)).includes('no-restricted-syntax'), `${path}: ${line}`)
    }
    t.notOk((await rulesBroken('src/config/config.ts', line)).includes('no-restricted-syntax'), `src/config/config.ts: ${line}`)
  }
})

t.test('sessions are ended by one use case', async t => {
  const lines = ['revoke(handle)', 'revokeOf(userId, handle)', 'revokeAllOf(userId)', 'revokeAllOfUsers(userIds)'].map(call => `await app.sessions.${call}`)
  for (const line of lines) {
    for (const path of ['src/cli/sessions.ts', 'src/accounts/delete-account.ts', 'plugins/web/log-in.ts', 'routes/web/account/devices.ts']) {
      t.ok((await rulesBroken(path, line)).includes('no-restricted-syntax'), `${path}: ${line}`)
    }
    t.notOk((await rulesBroken('src/accounts/end-sessions.ts', line)).includes('no-restricted-syntax'), line)
  }
})

t.test('no any, no value import of what is only a type, no function longer than a screen', async t => {
  const long = `export function story () {\n${'  console.log()\n'.repeat(30)}}`
  t.strictSame(await rulesBroken('src/story.ts', 'export const anything: any = 1'), ['@typescript-eslint/no-explicit-any'])
  t.strictSame(await rulesBroken('src/story.ts', "import { User } from './user.ts'\nexport type Named = User"), ['@typescript-eslint/consistent-type-imports'])
  t.strictSame(await rulesBroken('src/story.ts', long), ['max-lines-per-function'])
  t.strictSame(await rulesBroken('test/story.test.ts', long), [])
})

t.test('a regular expression that an attacker can keep busy is refused', async t => {
  const slow = ['/^(a+)+$/', '/^(?:a|aa)+$/', '/^(?:\\w+\\s?)*$/', '/^(?:[a-z]+)*@$/', '/\\s+$/', '/^(.*)\\.(.*)$/']
  for (const regex of slow) await isUnsafe(t, `export const shape = ${regex}`, 'redos/no-vulnerable')
  await isUnsafe(t, 'export const shape = (word: string) => new RegExp(word)', 'security/detect-non-literal-regexp')
  t.strictSame(await rulesBroken('src/story.ts', 'export const shape = /^[a-z]+@[a-z]+$/'), [])
})

t.test('a call that would run or read what somebody sent is refused', async t => {
  await isUnsafe(t, "import { exec } from 'node:child_process'\nexport const run = (sent: string) => exec(sent)", 'security/detect-child-process')
  await isUnsafe(t, "import { readFileSync } from 'node:fs'\nexport const read = (sent: string) => readFileSync(sent)", 'security/detect-non-literal-fs-filename')
  await isUnsafe(t, 'export const run = (sent: string) => eval(sent)', 'security/detect-eval-with-expression')
  await isUnsafe(t, 'export const same = (token: string, sent: string) => { if (token === sent) return true }', 'security/detect-possible-timing-attacks')
  await isUnsafe(t, "import { pseudoRandomBytes } from 'node:crypto'\nimport crypto from 'node:crypto'\nexport const id = () => crypto.pseudoRandomBytes(16)", 'security/detect-pseudoRandomBytes')
  await isUnsafe(t, 'export const direction = "\u202e"', 'security/detect-bidi-characters')
})

t.test('asking another host for anything is refused', async t => {
  await isUnsafe(t, "await fetch('https://elsewhere.example')", 'no-restricted-globals')
  for (const line of ["import { request } from 'node:https'", "import { get } from 'http'", "import http from 'node:http'", "import { connect } from 'node:net'", "import { lookup } from 'node:dns/promises'"]) {
    await isUnsafe(t, line, '@typescript-eslint/no-restricted-imports')
  }
  t.notOk(await isRefused('src/story.ts', "import { STATUS_CODES } from 'node:http'"))
})

t.test('paths that are not literals are for the few files that read the settings of the operator', async t => {
  const line = "import { readFileSync } from 'node:fs'\nexport const read = (path: string) => readFileSync(path)"
  for (const path of ['src/config/settings.ts', 'src/stores/sqlite/open-sqlite.ts', 'src/sessions/session-secret.ts', 'src/cli/stats.ts']) t.strictSame(await rulesBroken(path, line), [], path)
})

/** The rule refuses the line wherever requests are met. */
async function isUnsafe (t: Test, line: string, rule: string) {
  for (const path of ['src/story.ts', 'plugins/story.ts', 'routes/web/story.ts']) t.ok((await rulesBroken(path, line)).includes(rule), `${path}: ${line}`)
}

function linesOf (table: Record<string, string[]>) {
  return Object.entries(table).flatMap(([path, lines]) => lines.map(line => [path, line] as const))
}

async function isRefused (path: string, line: string) {
  return (await rulesBroken(path, line)).includes('@typescript-eslint/no-restricted-imports')
}

/** The rules that a line breaks by what it says, not by how the snippet is laid out or that nothing uses it. */
async function rulesBroken (filePath: string, line: string) {
  const [result] = await eslint.lintText(`${line}\n`, { filePath })
  return (result?.messages ?? [])
    .map(message => message.ruleId ?? message.message)
    .filter(rule => !rule.endsWith('no-unused-vars') && rule !== 'dot-notation')
}
