import type { Passwords } from './passwords.ts'
import type { User, UserRepository } from './user-repository.ts'

interface SignUp {
  firstName: string
  lastName: string
  /** Canonical form. */
  email: string
  password: string
}

/**
 * The new user, or null when the email has an account.
 * @throws HASHING_BUSY, USERS_UNAVAILABLE
 */
export async function signUp (users: Pick<UserRepository, 'findByEmail' | 'create'>, passwords: Passwords, { password, ...person }: SignUp): Promise<User | null> {
  // Spares a hash. The database decides below, so parallel sign-ups with one email make one user.
  if (await users.findByEmail(person.email) !== null) return null
  return await users.create({ ...person, passwordHash: await passwords.hash(password) })
}
