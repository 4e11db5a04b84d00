import { canonicalEmail } from './email-address.ts'
import type { Passwords } from './passwords.ts'
import type { Account, UserRepository } from './user-repository.ts'

interface Credentials {
  email: string
  password: string
  /** Told of whose login failed, null for an unknown email. The answer must not differ by it, nor its time. */
  noteFailure?: (user: Account | null) => void
}

/**
 * The user whom these credentials belong to, or null: alike, and after the same work, for an unknown email, a wrong
 * password and a disabled account, so that nobody learns who has an account (OWASP ASVS 5.0, 6.3.8).
 * @throws HASHING_BUSY, USERS_UNAVAILABLE
 */
export async function authenticate (users: Pick<UserRepository, 'findByEmail' | 'upgradePasswordHash'>, passwords: Passwords, { email, password, noteFailure }: Credentials): Promise<Account | null> {
  // What cannot be an address is looked up all the same: it finds nobody, and takes as long.
  const user = await users.findByEmail(canonicalEmail(email) ?? '')
  const fits = await passwords.verify(user?.passwordHash ?? passwords.nobodys, password)
  if (user === null || !fits || user.disabledAt !== null) {
    noteFailure?.(user)
    return null
  }
  if (passwords.isOutdated(user.passwordHash)) {
    await users.upgradePasswordHash(user.id, user.passwordHash, await passwords.hash(password))
  }
  return user
}
