import { endSessions } from '../accounts/end-sessions.ts'
import { devicesOf } from '../identity/devices.ts'
import { type Invocation, type Command, Failed, WrongUsage } from './command.ts'
import { findUser } from './find-user.ts'
import { print, printJson } from './output.ts'
import { printable } from './printable.ts'
import { withProgress } from './progress.ts'
import { revokeOfEverybody, revokeOfUser } from './revoke-many.ts'
import { sessionAsJson, sessionAsRow } from './format-session.ts'
import { table } from './table.ts'

const list: Command = {
  summary: 'list the devices of a user',
  flags: ['user', 'json'],
  required: ['user'],
  async run (invocation) {
    const { flags, shell, open } = invocation
    const user = await findUser(invocation, flags.user!)
    const now = shell.now()
    const stored = await (await open().sessions()).listOf(user.id)
    const live = devicesOf(stored, { user, thisHandle: '', limits: open().config, now })
    if (flags.json) return await printJson(shell, live.map(sessionAsJson))
    const rows = live.map(session => sessionAsRow(session, now))
    await print(shell, table(['HANDLE', 'DEVICE', 'LAST SEEN', 'ENDS'], rows, shell.stdout, ['DEVICE']))
  }
}

const revoke: Command = {
  argument: '[handle]',
  summary: 'end one session, all of a user, or everybody\'s',
  details: 'Asks before it ends more than one. Visitors who are not logged in keep their visit history, which ends ten minutes after it was last used.',
  flags: ['user', 'all', 'yes', 'json'],
  async run (invocation) {
    const { argument: handle, flags: { user, all = false } } = invocation
    if ([handle !== '', user !== undefined, all].filter(Boolean).length !== 1) throw new WrongUsage('Pass one of these: a handle, --user, --all.')
    if (handle !== '') await revokeOne(invocation, handle)
    else if (user !== undefined) await revokeOfUser(invocation, await findUser(invocation, user))
    else await revokeOfEverybody(invocation)
  }
}

async function revokeOne ({ flags, shell, open }: Invocation, handle: string): Promise<void> {
  const sessions = await open().sessions()
  if (await sessions.read(handle) === null) throw new Failed(`There is no session ${printable(handle)}.`)
  await endSessions({ sessions }, { handle })
  await (flags.json ? printJson(shell, { handle, sessionsEnded: 1 }) : print(shell, 'The session ended.\n'))
}

const purge: Command = {
  summary: 'remove expired sessions',
  details: 'They log nobody in. A running service removes them every ten minutes, and Redis removes its own.',
  flags: ['json'],
  async run ({ flags, shell, open }) {
    const sessions = await open().sessions()
    const removed = await withProgress(shell, async show => {
      show('Removing expired sessions …')
      return await sessions.sweep(removed => show(`Removing expired sessions … ${removed}`))
    })
    await (flags.json ? printJson(shell, { removed }) : print(shell, `${removed} expired ${removed === 1 ? 'session' : 'sessions'} removed.\n`))
  }
}

export const sessions = { list, revoke, purge }
