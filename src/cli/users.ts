import { deleteAccount } from '../accounts/delete-account.ts'
import { disableAccount, enableAccount } from '../accounts/disable-account.ts'
import type { Account } from '../users/user-repository.ts'
import type { Invocation, Command } from './command.ts'
import { endSessionsOf, assertStillThere, sessionsEnded } from './end-sessions.ts'
import { findUser } from './find-user.ts'
import { resetAttempts } from './reset-attempts.ts'
import { print, printJson } from './output.ts'
import { confirm } from './question.ts'
import { paginateUsers } from './paginate-users.ts'
import { minuteOf, nameOf, userAsJson } from './format-user.ts'
import { properties, table } from './table.ts'

const oneUser = { argument: '<email or id>' }

const list: Command = {
  summary: 'list users by email',
  flags: ['json'],
  async run ({ flags, shell, open }) {
    const users: Account[] = []
    for await (const page of paginateUsers(open().users)) users.push(...page)
    if (flags.json) return await printJson(shell, users.map(userAsJson))
    const rows = users.map(user => [user.email, nameOf(user), user.createdAt.toISOString().slice(0, 10), user.disabledAt ? 'disabled' : 'enabled'])
    await print(shell, table(['EMAIL', 'NAME', 'SINCE', 'STATE'], rows, shell.stdout, ['EMAIL', 'NAME']))
  }
}

const show: Command = {
  ...oneUser,
  summary: 'show one user',
  flags: ['json'],
  async run (invocation) {
    const user = await findUser(invocation, invocation.argument)
    if (invocation.flags.json) return await printJson(invocation.shell, userAsJson(user))
    await print(invocation.shell, properties([
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
  summary: 'refuse their logins and end their sessions',
  flags: ['json'],
  async run (invocation) {
    const user = await findUser(invocation, invocation.argument)
    assertStillThere(await disableAccount(invocation.open().database.transact, user.id, new Date(invocation.shell.now())))
    await report(invocation, user, 'is disabled', await endSessionsOf(invocation, user.id))
  }
}

const enable: Command = {
  ...oneUser,
  summary: 'let them log in again',
  details: 'Ended sessions stay ended. Failed login attempts are reset, so this also helps an owner who has to wait because of them.',
  flags: ['json'],
  async run (invocation) {
    const user = await findUser(invocation, invocation.argument)
    assertStillThere(await enableAccount(invocation.open().database.transact, user.id))
    await resetAttempts(invocation, user)
    await report(invocation, user, 'is enabled')
  }
}

const remove: Command = {
  ...oneUser,
  summary: 'delete a user, their history and sessions',
  details: "Asks first, because it can't be undone.",
  flags: ['yes', 'json'],
  async run (invocation) {
    const user = await findUser(invocation, invocation.argument)
    await confirm(invocation, `Delete ${user.email} with their history and sessions? This can't be undone.`)
    assertStillThere(await deleteAccount(invocation.open().database.transact, { id: user.id }))
    await report(invocation, user, 'is deleted', await endSessionsOf(invocation, user.id))
  }
}

export const users = { list, show, disable, enable, delete: remove }

/** @param ended how many sessions, null when the store could not tell, undefined when none were to end */
export async function report ({ flags, shell }: Invocation, { id, email }: Account, whatHolds: string, ended?: number | null): Promise<void> {
  if (flags.json) return await printJson(shell, { id, email, ...(ended === undefined ? {} : { sessionsEnded: ended }) })
  await print(shell, `${email} ${whatHolds}${ended === undefined ? '' : `, ${sessionsEnded(ended)}`}.\n`)
}
