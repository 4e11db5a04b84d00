import { deleteAccount } from '../accounts/delete-account.ts'
import { disableAccount, enableAccount } from '../accounts/disable-account.ts'
import type { Account } from '../users/user-repository.ts'
import type { Asked, Command } from './command.ts'
import { endSessionsOf, orGone, sessionsEnded } from './end-sessions.ts'
import { findUser } from './find-user.ts'
import { resetAttempts } from './reset-attempts.ts'
import { print, printJson } from './output.ts'
import { confirm } from './question.ts'
import { everyUser } from './every-user.ts'
import { minuteOf, nameOf, userAsJson } from './shown-user.ts'
import { properties, table } from './table.ts'

const oneUser = { takes: '<email or id>', words: { least: 1, most: 1 } }

const list: Command = {
  takes: '',
  summary: 'everybody, by email',
  words: { least: 0, most: 0 },
  flags: ['json'],
  async run ({ flags, shell, open }) {
    const users: Account[] = []
    for await (const page of everyUser(open().users)) users.push(...page)
    if (flags.json) return await printJson(shell, users.map(userAsJson))
    const rows = users.map(user => [user.email, nameOf(user), user.createdAt.toISOString().slice(0, 10), user.disabledAt ? 'disabled' : 'enabled'])
    await print(shell, table(['EMAIL', 'NAME', 'SINCE', 'STATE'], rows, shell.stdout, ['EMAIL', 'NAME']))
  }
}

const show: Command = {
  ...oneUser,
  summary: 'one user',
  flags: ['json'],
  async run (asked) {
    const user = await findUser(asked, asked.words[0]!)
    if (asked.flags.json) return await printJson(asked.shell, userAsJson(user))
    await print(asked.shell, properties([
      ['id', user.id],
      ['email', user.email],
      ['name', nameOf(user)],
      ['since', minuteOf(user.createdAt)],
      ['changed', minuteOf(user.updatedAt)],
      ['state', user.disabledAt ? `disabled since ${minuteOf(user.disabledAt)}` : 'enabled']
    ]))
  }
}

const disable: Command = {
  ...oneUser,
  summary: 'refuses their logins and ends their sessions, at once',
  flags: ['json'],
  async run (asked) {
    const user = await findUser(asked, asked.words[0]!)
    orGone(await disableAccount(asked.open().database.transact, user.id, new Date(asked.shell.now())))
    await tell(asked, user, 'is disabled', await endSessionsOf(asked, user.id))
  }
}

const enable: Command = {
  ...oneUser,
  summary: 'lets them log in again',
  details: 'Sessions that ended stay ended. Failed attempts at the account are forgotten, so this also helps an owner who is held up by them.',
  flags: ['json'],
  async run (asked) {
    const user = await findUser(asked, asked.words[0]!)
    orGone(await enableAccount(asked.open().database.transact, user.id))
    await resetAttempts(asked, user)
    await tell(asked, user, 'is enabled')
  }
}

const remove: Command = {
  ...oneUser,
  summary: 'removes them, what is kept about them, and their sessions',
  details: 'Asks before, as it cannot be undone. --yes answers the question.',
  flags: ['yes', 'json'],
  async run (asked) {
    const user = await findUser(asked, asked.words[0]!)
    await confirm(asked, `Delete ${user.email} and everything kept about them? This cannot be undone.`)
    orGone(await deleteAccount(asked.open().database.transact, { id: user.id }))
    await tell(asked, user, 'is deleted', await endSessionsOf(asked, user.id))
  }
}

export const users = { list, show, disable, enable, delete: remove }

/** @param ended how many sessions, null when the store could not tell, undefined when none were to end */
export async function tell ({ flags, shell }: Asked, { id, email }: Account, whatHolds: string, ended?: number | null): Promise<void> {
  if (flags.json) return await printJson(shell, { id, email, ...(ended === undefined ? {} : { sessionsEnded: ended }) })
  await print(shell, `${email} ${whatHolds}${ended === undefined ? '' : `, ${sessionsEnded(ended)}`}.\n`)
}
