import { changePassword } from '../accounts/change-password.ts'
import { textProblem } from '../http/read-form.ts'
import { openPasswords } from '../credentials/passwords.ts'
import type { Account } from '../users/user-repository.ts'
import { type Invocation, type Command, Failed, type Shell } from './command.ts'
import { endSessionsOf, assertStillThere } from './end-sessions.ts'
import { findUser } from './find-user.ts'
import { resetAttempts } from './reset-attempts.ts'
import { ask } from './question.ts'
import { report } from './users.ts'

/** Far above any password: a stream without a line end must not fill the memory. */
const FIRST_LINE_MAX_BYTES = 64 * 1024
const LINE_END = '\n'

export const setPassword: Command = {
  argument: '<email or id>',
  summary: 'set a new password, end all sessions',
  details: 'Type the password in a terminal, or pass it as the first line of standard input. It is never an argument, which others could read.',
  flags: ['json'],
  async run (invocation) {
    const user = await findUser(invocation, invocation.argument)
    const password = await (invocation.shell.stdin.isTTY ? typedTwice(invocation.shell) : firstLineOf(invocation.shell))
    await refuseWeak(invocation, user, password)
    const { hash } = await openPasswords()
    assertStillThere(await changePassword(invocation.open().database.transact, { id: user.id }, await hash(password)))
    await resetAttempts(invocation, user)
    await report(invocation, user, 'has the new password', await endSessionsOf(invocation, user.id))
  }
}

async function typedTwice (shell: Shell): Promise<string> {
  const typed = await ask(shell, ['New password: ', 'Repeat it: '], { hidden: true })
  if (typed === null) throw new Failed('Nothing was changed.')
  if (typed[0] !== typed[1]) throw new Failed('The passwords differ. Nothing was changed.')
  return typed[0]!
}

async function firstLineOf ({ stdin }: Shell): Promise<string> {
  let bytes = Buffer.alloc(0)
  for await (const piece of stdin) {
    bytes = Buffer.concat([bytes, piece])
    if (bytes.includes(LINE_END) || bytes.length > FIRST_LINE_MAX_BYTES) break
  }
  const end = bytes.indexOf(LINE_END)
  return decoded(end < 0 ? bytes : bytes.subarray(0, end)).replace(/\r$/, '')
}

// What is not UTF-8 would be stored as something that no form can send.
function decoded (bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Failed('Standard input is not UTF-8. Nothing was changed.')
  }
}

async function refuseWeak ({ open }: Invocation, { email, firstName, lastName }: Account, password: string): Promise<void> {
  // Its word lists take longer to load than any other command to run.
  const { passwordProblem } = await import('../credentials/password-policy.ts')
  const { passwordMinLength: minLength, publicUrl } = open().config
  // It could be set, and then no login could be sent with it.
  const unsendable = textProblem(password)
  if (unsendable !== null) throw new Failed(`No login accepts a password with ${unsendable}. Nothing was changed.`)
  const problem = passwordProblem({ password, email, firstName, lastName, minLength, siteName: publicUrl.hostname })
  if (problem !== null) throw new Failed(`${problem} Nothing was changed.`)
}
