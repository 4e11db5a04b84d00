import { join } from 'node:path'
import t from 'tap'
import { sqliteDatabase } from '../../src/stores/sqlite/database.ts'
import { createUser } from '../create-user.ts'
import { keptLog } from '../contract/session-store.ts'

t.test('no sweep waits for the disk, and what is written after it does', async t => {
  const database = sqliteDatabase(join(t.testdir(), 'latchkey.sqlite'), { now: Date.now, log: keptLog() })
  t.teardown(() => database.close())
  const client = database.$client
  const { id } = await createUser(database.transact)
  const swept = {
    sessions: "'handle', null, 1, '{}', 1",
    accountEvents: `1, '${id}', 'logged in', 1, '::1', 'Firefox on Linux'`,
    devices: `'${id}', '[]', 1`
  }
  const tables = { sessions: 'sessions', accountEvents: 'account_events', devices: 'known_devices' }
  for (const [name, values] of Object.entries(swept) as Array<[keyof typeof swept, string]>) {
    client.exec(`insert into ${tables[name]} values (${values})`)
    const modes: unknown[] = []
    const pragma = client.pragma.bind(client)
    client.pragma = (...args) => {
      modes.push(args[0])
      return pragma(...args)
    }
    t.equal(await database[name].sweep(), 1, name)
    t.ok(modes.includes('synchronous = NORMAL'), name)
    t.equal(pragma('synchronous', { simple: true }), 2, name)
    client.pragma = pragma
  }
})
