import { randomBytes } from 'node:crypto'
import { and, eq, sql } from 'drizzle-orm'
import { users } from '../../drizzle/sqlite/schema.ts'
import type { SqliteDatabase } from '../database/open-sqlite.ts'
import { UsersUnavailable } from '../errors.ts'
import type { Clock } from '../sessions/session-store.ts'
import { orUnavailable } from '../unavailable.ts'
import type { NewUser, User, UserRepository } from './user-repository.ts'

/** Users in the table `users`. The file is shared with the sessions, so whoever opened it closes it. */
export function sqliteUserRepository (database: SqliteDatabase, { now }: { now: Clock }): UserRepository {
  const byId = database.select().from(users).where(eq(users.id, sql.placeholder('id'))).prepare()
  const byEmail = database.select().from(users).where(eq(users.email, sql.placeholder('email'))).prepare()
  const answer = <T> (work: () => T) => orUnavailable(UsersUnavailable, work)

  function insert ({ firstName, lastName, email, passwordHash }: NewUser): User | null {
    const id = randomBytes(16).toString('base64url')
    const createdAt = new Date(now())
    const row = { id, firstName, lastName, email, passwordHash, createdAt, updatedAt: createdAt }
    return database.insert(users).values(row).onConflictDoNothing({ target: users.email }).returning().get() ?? null
  }

  return {
    async findById (id) {
      return answer(() => byId.get({ id }) ?? null)
    },

    async findByEmail (email) {
      return answer(() => byEmail.get({ email }) ?? null)
    },

    async create (user) {
      return answer(() => insert(user))
    },

    async upgradePasswordHash (id, from, to) {
      // Only over the hash it was made from: a password changed in the meantime stays changed.
      const unchanged = and(eq(users.id, id), eq(users.passwordHash, from))
      await answer(() => database.update(users).set({ passwordHash: to, updatedAt: new Date(now()) }).where(unchanged).run())
    },

    async ping () {
      await answer(() => byId.get({ id: '' }))
    },

    async close () {}
  }
}
