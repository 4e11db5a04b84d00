import type { Clock } from '../../sessions/session-store.ts'
import type { UserRepository } from '../../users/user-repository.ts'
import type { Method } from '../method.ts'

interface PasswordParts {
  users: Pick<UserRepository, 'findById' | 'upgradePasswordHash'>
  now: Clock
}

export function passwordMethod ({ users, now }: PasswordParts): Method {
  return {
    name: 'pwd',
    factor: 'knowledge',
    isEnrolled: async userId => await users.findById(userId) !== null,

    async verify (account, password, passwords) {
      const fits = await passwords.verify(account?.passwordHash ?? passwords.dummyHash, password)
      return account !== null && fits ? { method: 'pwd', at: now() } : null
    },

    async upgrade ({ id, passwordHash }, password, passwords) {
      if (passwords.isOutdated(passwordHash)) await users.upgradePasswordHash(id, passwordHash, await passwords.hash(password))
    }
  }
}
