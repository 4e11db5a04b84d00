import { changePassword } from '../accounts/change-password.ts'
import { textProblem } from '../read-form.ts'
import { openPasswords } from '../users/passwords.ts'
import type { User } from '../users/user-repository.ts'
import { type Asked, type Command, Failed, type Shell } from './command.ts'
import { endSessionsOf, orGone } from './end-sessions.ts'
import { findUser } from './find-user.ts'
import { resetAttempts } from './reset-attempts.ts'
import { ask } from './question.ts'
import { tell } from './users.ts'

/** Far above any password: a stream without a line end must not fill the memory. */
const FIRST_LINE_MAX_BYTES = 64 * 1024
const LINE_END = '\n'

export const setPassword: Command = {
  takes: '<email or id>',
  summary: 'gives them another password and ends their sessions',
  details: 'The password is asked for on a terminal, else it is the first line of standard input. It is never an argument, where others could read it.',
  words: { least: 1, most: 1 },
  flags: ['json'],
  async run (asked) {
    const user = await findUser(asked, asked.words[0]!)
    const password = await (asked.shell.stdin.isTTY ? typedTwice(asked.shell) : firstLineOf(asked.shell))
    await refuseWeak(asked, user, password)
    const { hash } = await openPasswords()
    orGone(await changePassword(asked.open().database.transact, { id: user.id }, await hash(password)))
    await resetAttempts(asked, user)
    await tell(asked, user, 'has the new password', await endSessionsOf(asked, user.id))
  }
}

async function typedTwice (shell: Shell): Promise<string> {
  const typed = await ask(shell, ['New password: ', 'Once more: '], { hidden: true })
  if (typed === null) throw new Failed('Nothing was changed.')
  if (typed[0] !== typed[1]) throw new Failed('The two were not the same. Nothing was changed.')
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
    throw new Failed('What came on standard input is not UTF-8 text. Nothing was changed.')
  }
}

async function refuseWeak ({ open }: Asked, { email, firstName, lastName }: User, password: string): Promise<void> {
  // Its word lists take longer to load than any other command to run.
  const { passwordProblem } = await import('../users/password-policy.ts')
  const { passwordMinLength: minLength, publicUrl } = open().config
  // It could be set, and then no login could be sent with it.
  const unsendable = textProblem(password)
  if (unsendable !== null) throw new Failed(`No login accepts a password with ${unsendable}. Nothing was changed.`)
  const problem = passwordProblem({ password, email, firstName, lastName, minLength, siteName: publicUrl.hostname })
  if (problem !== null) throw new Failed(`${problem} Nothing was changed.`)
}
