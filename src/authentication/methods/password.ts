import type { Clock } from '../../clock.ts'
import type { Credentials } from '../../credentials/credentials.ts'
import type { Method } from '../method.ts'

interface PasswordParts {
  credentials: Credentials
  now: Clock
}

export function passwordMethod ({ credentials, now }: PasswordParts): Method {
  return {
    name: 'pwd',
    factor: 'knowledge',
    isEnrolled: async userId => await credentials.passwordOf(userId) !== null,

    // Read after the account: whoever changes the password raises the epoch, so that the account of before can do nothing.
    async verify (account, password, passwords) {
      // Also for nobody, which takes as long.
      const secret = await credentials.passwordOf(account?.id ?? '')
      const fits = await passwords.verify(secret ?? passwords.dummyHash, password)
      return secret !== null && fits ? { proof: { method: 'pwd', at: now() }, secret } : null
    },

    async upgrade ({ id }, password, secret, passwords) {
      if (passwords.isOutdated(secret)) await credentials.upgradePassword(id, secret, await passwords.hash(password))
    }
  }
}
