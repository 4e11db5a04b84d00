import { createAccount, type NewAccountWithPassword } from '../src/accounts/create-account.ts'
import type { Transact } from '../src/accounts/transact.ts'
import type { Account } from '../src/users/user-repository.ts'

export const ada: NewAccountWithPassword = { firstName: 'Ada', lastName: "O'Lovelace 😀", email: 'ada@example.org', passwordHash: '$argon2id$one' }

/** An account for which nobody has signed up. */
export async function createUser (transact: Transact, person: Partial<NewAccountWithPassword> = {}, now = Date.now()): Promise<Account> {
  const user = await createAccount(transact, { ...ada, ...person }, new Date(now))
  if (user === null) throw new Error('the email has an account')
  return user
}
