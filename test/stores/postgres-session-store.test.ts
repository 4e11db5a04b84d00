import t, { type Test } from 'tap'
import type { PostgresDatabase } from '../../src/database/open-postgres.ts'
import { postgresSessionStore } from '../../src/sessions/postgres-session-store.ts'
import { keptLog, movableClock, sessionStoreContract } from '../contract/session-store.ts'
import { postgresForEach } from './new-postgres.ts'

const postgres = await postgresForEach(t)

async function open (t: Test) {
  const database = await postgres.open(t)
  const clock = movableClock()
  const log = keptLog()
  const store = postgresSessionStore(database, { now: clock.now, log })
  t.teardown(() => store.close())
  return { store, clock, log, database, spoil: spoilers(database) }
}

function spoilers ({ $client: pool }: PostgresDatabase) {
  const set = (assignment: string) => async (handle: string) => {
    await pool.query(`update sessions set ${assignment} where handle = $1`, [handle])
  }
  const fields = (text: string) => set(`fields = '${text}'`)
  return {
    'fields that are not JSON': fields('{'),
    'fields that are no object': fields('[]'),
    'fields that are null': fields('null'),
    'fields that are a number': fields('7'),
    'a user that is no text': fields('{"userId":7}'),
    'a user other than the one of the row': fields('{"userId":"eve"}'),
    'no user where the row has one': fields('{"a":1}'),
    'a record of another version': set('version = 2'),
    'an expiry beyond all numbers': set('expires_at = 9223372036854775807'),
    'a field named __proto__': fields('{"userId":"ada","__proto__":{}}'),
    'a field named constructor': fields('{"userId":"ada","constructor":1}'),
    'a field named toString': fields('{"userId":"ada","toString":1}'),
    'a field named save': fields('{"userId":"ada","save":1}'),
    'a field named expiresAt': fields('{"userId":"ada","expiresAt":1}'),
    'absurdly large fields': set("fields = json_build_object('userId', 'ada', 'a', repeat('x', 2000000))")
  }
}

sessionStoreContract('PostgreSQL', open)
