import type { Clock } from '../clock.ts'
import type { Transact } from './transact.ts'
import type { Client } from '../sessions/session.ts'
import type { Passwords } from '../credentials/passwords.ts'
import type { NewAccount, Account, UserRepository } from '../users/user-repository.ts'
import { createAccount } from './create-account.ts'

interface SignUpParts {
  users: Pick<UserRepository, 'findByEmail'>
  transact: Transact
  passwords: Passwords
  now: Clock
}

type Person = NewAccount & { password: string }

/**
 * The new user, or null when the email has an account.
 * @throws HASHING_BUSY, USERS_UNAVAILABLE
 */
export async function signUp ({ users, transact, passwords, now }: SignUpParts, { password, ...person }: Person, client: Client): Promise<Account | null> {
  // Spares a hash. The database decides below.
  if (await users.findByEmail(person.email) !== null) return null
  return await createAccount(transact, { ...person, passwordHash: await passwords.hash(password) }, new Date(now()), client)
}
