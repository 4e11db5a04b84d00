import { DrizzleQueryError } from 'drizzle-orm'
import t from 'tap'
import { UsersUnavailable } from '../../src/errors.ts'
import { serializeError } from '../../src/observability/error-serializer.ts'

t.test('an error in the log tells what went wrong, with its causes', async t => {
  const cause = Object.assign(new Error('the disk is full'), { code: 'SQLITE_FULL' })
  t.match(serializeError(new UsersUnavailable({ cause })), {
    type: 'FastifyError', code: 'USERS_UNAVAILABLE', stack: /error-serializer\.test/, cause: { type: 'Error', code: 'SQLITE_FULL', message: 'the disk is full' }
  })
})

t.test('what was to be stored stays out of it', async t => {
  const inTheWay = Object.assign(new Error('duplicate key'), { detail: 'Key (email)=(grace@example.com) already exists.' })
  const failed = new DrizzleQueryError('insert into users values ($1)', ['the hash of a password'], inTheWay)
  const line = JSON.stringify(serializeError(new UsersUnavailable({ cause: failed })))
  t.match(line, 'duplicate key')
  t.notMatch(line, 'the hash of a password')
  t.notMatch(line, 'grace@example.com')

  const refused = Object.assign(new Error('WRONGPASS'), { command: { name: 'auth', args: ['default', 'the password of Redis'] } })
  t.notMatch(JSON.stringify(serializeError(refused)), 'the password of Redis')
})

t.test('an error that is its own cause ends, and one that says nothing is one', async t => {
  const round = new Error('round')
  round.cause = round
  t.match(serializeError(round), { message: 'round', cause: { message: 'round' } })
  t.match(serializeError(Object.assign(new Error('x'), { message: 7 as unknown as string })), { message: '7' })
})

t.test('an error as long as a book is cut', async t => {
  t.ok(JSON.stringify(serializeError(new Error('x'.repeat(100_000)))).length < 5_000)
})
