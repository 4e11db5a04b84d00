import type { User } from '../users/user-repository.ts'
import type { Asked } from './command.ts'
import { say } from './output.ts'

/** Wrong guesses at an account hold up its owner as well, until an operator who knows them says who they are. */
export async function forgetGuesses ({ open, shell }: Asked, { email }: User): Promise<void> {
  try {
    await (await open().passwordThrottle()).forget(email)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    say(shell, `Warning: the store does not answer (${code}), so wrong guesses at this account may still hold up its logins.`)
  }
}
