import { chownSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import t from 'tap'
import { changePassword } from '../../../src/accounts/change-password.ts'
import { deleteAccount } from '../../../src/accounts/delete-account.ts'
import { MIGRATION_LOCK } from '../../../src/stores/postgres/migrate.ts'
import { openPostgres } from '../../../src/stores/postgres/open-postgres.ts'
import { postgresDatabase } from '../../../src/stores/postgres/database.ts'
import { inTransaction } from '../../../src/stores/postgres/transaction.ts'
import { packageRoot } from '../../../src/config/package-root.ts'
import { createUser } from '../../create-user.ts'
import { keptLog, movableClock, newSession } from '../../contract/session-store.ts'
import { freePort } from '../../free-port.ts'
import { DAY_MS } from '../../helper.ts'
import { startPostgresServer } from '../../postgres-server.ts'
import { selfSigned } from '../../self-signed.ts'
import { connected } from '../../stores/new-postgres.ts'

const server = await startPostgresServer(t, '-c', 'max_connections=40')
const migrations = readdirSync(join(packageRoot, 'drizzle/postgres')).filter(name => name.endsWith('.sql'))

const answers = 'select count(*)::int from sessions'
const countOf = async (url: string, query: string) => Number((await server.query(url, query)).rows[0].count)

async function until (holds: () => Promise<boolean>) {
  while (!await holds()) await pause(10)
}

t.test('an empty database gets its tables before the first answer', async t => {
  const url = server.newDatabase()
  const database = connected(t, url)
  t.equal(await countOf(url, "select count(*) from pg_tables where schemaname = 'public'"), 0, 'opening alone connects to nothing')
  t.equal((await database.execute(answers)).rows[0]?.count, 0)
  for (const table of ['users', 'sessions', 'account_events', 'throttle', 'known_devices']) t.ok(await countOf(url, `select count(*) from pg_tables where tablename = '${table}'`), table)
})

t.test('processes that start at once on one empty database all come up, and make its tables once', async t => {
  const url = server.newDatabase()
  const other = new Client({ connectionString: url })
  await other.connect()
  await other.query(`select pg_advisory_lock(${MIGRATION_LOCK})`)
  const databases = Array.from({ length: 6 }, () => connected(t, url))
  const waiting = databases.map(async database => await database.execute(answers))
  const whoWaits = "select count(*) from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())"
  await until(async () => await countOf(url, whoWaits) === databases.length)
  t.equal(await countOf(url, "select count(*) from pg_tables where schemaname = 'public'"), 0, 'nobody begins while another one is at it')
  await other.end()
  for (const { rows } of await Promise.all(waiting)) t.equal(rows[0]?.count, 0)
  t.equal(await countOf(url, 'select count(*) from drizzle.__drizzle_migrations'), migrations.length)
})

t.test('opening it again keeps what is in it', async t => {
  const url = server.newDatabase()
  await connected(t, url).execute("insert into sessions values ('a', null, 1, '{}', 0)")
  t.equal((await connected(t, url).execute(answers)).rows[0]?.count, 1)
  t.equal(await countOf(url, 'select count(*) from drizzle.__drizzle_migrations'), migrations.length)
})

t.test('a server that is read-only is read, once its tables are there; before, everything is refused, and tried again', async t => {
  const url = server.newDatabase()
  const setReadOnly = async (readOnly: boolean) => await server.query(`${url}?options=-c%20default_transaction_read_only%3Doff`, `alter database ${new URL(url).pathname.slice(1)} set default_transaction_read_only = ${readOnly}`)
  await setReadOnly(true)
  const database = connected(t, url)
  await t.rejects(database.execute(answers), { cause: { cause: { code: '25006' } } })
  await setReadOnly(false)
  t.equal((await database.execute(answers)).rows[0]?.count, 0)
  await setReadOnly(true)
  t.equal((await connected(t, url).execute(answers)).rows[0]?.count, 0)
})

t.test('once the tables are there, a role that may only use them is enough', async t => {
  const url = server.newDatabase()
  await connected(t, url).execute(answers)
  await server.query(url, `
    create role latchkey login;
    grant select, insert, update, delete on users, credentials, sessions, account_events, throttle, known_devices to latchkey;
    grant usage on schema drizzle to latchkey;
    grant select on drizzle.__drizzle_migrations to latchkey`)
  const log = keptLog()
  const clock = movableClock()
  const { transact, credentials, sessions, accountEvents, devices, rateLimits, size, close } = postgresDatabase(url.replace('postgres@', 'latchkey@'), { now: clock.now, log })
  t.teardown(close)
  const { id: userId } = await createUser(transact)
  t.equal(await changePassword(transact, { id: userId }, 'a hash'), true)
  await credentials.upgradePassword(userId, 'a hash', 'a newer hash')
  t.equal(await credentials.passwordOf(userId), 'a newer hash')
  const session = newSession(clock)
  await sessions.create(session)
  t.equal(await sessions.update(session.handle, { set: { a: 1 }, remove: [] }), true)
  accountEvents.record({ userId, type: 'logged in', address: '::1', device: 'Firefox on Linux' })
  t.equal((await accountEvents.listOf(userId)).length, 1)
  t.strictSame(await rateLimits.addToCounts([{ key: 'x', expiresAt: clock.now() }], 1), [1])
  t.ok(await devices.replace(userId, null, { devices: 'laptop', expiresAt: clock.now() }))
  t.strictSame(await size(), { users: 1, disabled: 0 })
  t.equal(await sessions.count(), 1)
  clock.move(DAY_MS * 100)
  t.strictSame(await Promise.all([sessions.sweep(), accountEvents.sweep(), rateLimits.sweep(), devices.sweep()]), [1, 1, 1, 1])
  t.equal(await deleteAccount(transact, { id: userId }), true)
  t.strictSame(log.lines, [])
})

t.test('each connection bounds what a statement and a transaction may take, and says whose it is', async t => {
  const database = connected(t, server.newDatabase())
  for (const [name, value] of Object.entries({ statement_timeout: '700ms', idle_in_transaction_session_timeout: '5s', application_name: 'latchkey' })) {
    t.equal((await database.execute(`show ${name}`)).rows[0]?.[name], value)
  }
})

t.test('what takes too long is given up, by the server too', async t => {
  const url = server.newDatabase()
  const database = connected(t, url)
  await t.rejects(database.execute('select pg_sleep(60)'), { cause: { code: '57014' } })
  t.equal(await countOf(url, "select count(*) from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'"), 0)
})

t.test('many at once share a few connections', async t => {
  const url = server.newDatabase()
  const database = connected(t, url)
  await Promise.all(Array.from({ length: 100 }, () => database.execute(answers)))
  t.ok(await countOf(url, "select count(*) from pg_stat_activity where application_name = 'latchkey' and datname = current_database()") <= 10)
  const slow = Array.from({ length: 10 }, async () => await database.execute('select pg_sleep(0.1)'))
  await t.resolves(async () => await database.execute(answers), 'one that comes when all are taken waits until one is given back')
  await Promise.all(slow)
})

t.test('connections that nobody uses keep no process from ending', async t => {
  const openSockets = () => process.getActiveResourcesInfo().filter(name => name === 'TCPSocketWrap').length
  const url = server.newDatabase()
  await until(async () => openSockets() === 0)
  const database = connected(t, url)
  await Promise.all([1, 2, 3].map(() => database.execute(answers)))
  await until(async () => openSockets() === 0)
  t.equal(database.$client.idleCount, 3)
})

t.test('once closed, no connection is left', async t => {
  const url = server.newDatabase()
  const database = connected(t, url)
  await Promise.all([1, 2, 3].map(() => database.execute(answers)))
  await database.$client.end()
  await until(async () => await countOf(url, "select count(*) from pg_stat_activity where application_name = 'latchkey' and datname = current_database()") === 0)
})

t.test('a connection that breaks in a transaction ends the transaction, and not the process', async t => {
  const url = server.newDatabase()
  const database = connected(t, url)
  await t.rejects(inTransaction(database, async transaction => {
    await transaction.execute("insert into sessions values ('a', null, 1, '{}', 0)")
    const { rows } = await transaction.execute('select pg_backend_pid() as pid')
    await server.query(url, 'select pg_terminate_backend($1, 5000)', [rows[0]?.pid])
    await pause(50)
    await transaction.execute("insert into sessions values ('b', null, 1, '{}', 0)")
  }))
  t.equal((await database.execute(answers)).rows[0]?.count, 0)
})

t.test('a transaction that fails changes nothing and gives its connection back', async t => {
  const url = server.newDatabase()
  const database = connected(t, url)
  // More often than there are connections.
  for (let time = 0; time < 12; time++) {
    await t.rejects(inTransaction(database, async transaction => {
      await transaction.execute("insert into sessions values ('a', null, 1, '{}', 0)")
      throw new Error('changed my mind')
    }), { message: 'changed my mind' })
  }
  t.equal((await database.execute(answers)).rows[0]?.count, 0)
})

t.test('an address that pg cannot use stops the start with one sentence, which shows nothing of it', async t => {
  const bad = { escape: 'postgres://latchkey:hunter2%ff@127.0.0.1/latchkey', file: 'postgres://latchkey:hunter2@127.0.0.1/latchkey?sslmode=verify-full&sslrootcert=/nowhere/ca.pem' }
  for (const [what, url] of Object.entries(bad)) {
    const error = t.throws(() => openPostgres(url, keptLog()), { message: /^DATABASE_URL is a postgres:\/\/ address that cannot be used \((URIError|ENOENT)\)\.$/ }, what) as Error
    t.notMatch(JSON.stringify([error.message, error.stack, error.cause]), 'hunter2')
  }
})

t.test('where nobody listens, a query fails at once, and each one tries anew', async t => {
  const log = keptLog()
  const database = connected(t, `postgres://latchkey:hunter2@127.0.0.1:${await freePort()}/latchkey`, log)
  for (const time of ['first', 'second']) await t.rejects(database.execute(answers), { cause: { code: 'ECONNREFUSED' } }, time)
  t.strictSame(log.lines, [])
})

t.test('with verify-full nothing is said to a server without a trusted certificate of its name', async t => {
  const { cert, key } = selfSigned()
  const { uid, gid } = statSync(join(server.folder, 'data'))
  for (const [name, content] of Object.entries({ 'server.crt': cert, 'server.key': key })) {
    writeFileSync(join(server.folder, 'data', name), content, { mode: 0o600 })
    chownSync(join(server.folder, 'data', name), uid, gid)
  }
  const plain = server.newDatabase()
  await server.query(plain, 'alter system set ssl = on')
  await server.query(plain, 'select pg_reload_conf()')
  const ca = join(t.testdir(), 'ca.pem')
  writeFileSync(ca, cert)

  const named = plain.replace('127.0.0.1', 'localhost')
  const isSafe = async (url: string) => (await connected(t, url).execute('select ssl from pg_stat_ssl where pid = pg_backend_pid()')).rows[0]?.ssl
  await until(async () => await isSafe(`${plain}?sslmode=no-verify`).catch(() => false) === true)
  t.equal(await isSafe(`${named}?sslmode=verify-full&sslrootcert=${ca}`), true)
  t.equal(await isSafe(plain), false, 'without an sslmode nothing is encrypted')
  await t.rejects(isSafe(`${named}?sslmode=verify-full`), { cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } })
  await t.rejects(isSafe(`${plain}?sslmode=verify-full&sslrootcert=${ca}`), { cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' } })
})

t.test('the log tells once that connections were lost, and once that there is an answer again', async t => {
  const url = server.newDatabase()
  for (const [end, reason] of [[server.stop, '57P01'], [server.kill, /./]] as const) {
    const log = keptLog()
    const database = connected(t, url, log)
    await Promise.all([1, 2, 3].map(() => database.execute(answers)))
    await end()
    await t.rejects(database.execute(answers))
    await server.start()
    await until(() => database.execute(answers).then(() => true, () => false))
    t.match(log.lines, [{ reason, message: 'PostgreSQL closed a connection' }, { message: 'PostgreSQL answers again' }])
    t.equal(log.lines.length, 2)
  }
})

t.test('a server that answers nothing is given up, and what waited for it keeps no connection', async t => {
  const database = connected(t, server.newDatabase())
  await database.execute(answers)
  await server.freeze()
  // More than there are connections.
  const calls = Array.from({ length: 15 }, (_, at) => at % 2 ? inTransaction(database, async () => {}) : database.execute(answers))
  t.ok((await Promise.allSettled(calls)).every(({ status }) => status === 'rejected'))
  server.thaw()
  await until(() => database.execute(answers).then(() => true, () => false))
  await Promise.all(Array.from({ length: 10 }, () => inTransaction(database, async () => {})))
})
