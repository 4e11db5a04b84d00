import type { Account } from '../users/user-repository.ts'
import type { Invocation } from './command.ts'
import { warn } from './output.ts'

/** Failed attempts at an account slow down its owner too, on a browser that is not known, until an operator resets them. */
export async function resetAttempts ({ open, shell }: Invocation, { id, email }: Account): Promise<void> {
  try {
    await (await open().loginAttempts()).reset({ email, userId: id })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    warn(shell, `Warning: the store does not answer (${code}), so failed attempts at this account may still hold up its logins.`)
  }
}
