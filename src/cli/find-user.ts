import { canonicalEmail } from '../users/email-address.ts'
import type { Account } from '../users/user-repository.ts'
import { type Invocation, Failed } from './command.ts'
import { printable } from './printable.ts'

/** @param name an email in any spelling, or an id. @throws Failed when there is nobody */
export async function findUser ({ open }: Invocation, name: string): Promise<Account> {
  const { users } = open()
  const email = canonicalEmail(name)
  const user = email === null ? await users.findById(name) : await users.findByEmail(email)
  if (user === null) throw new Failed(`There is no user ${printable(name)}.`)
  return user
}
