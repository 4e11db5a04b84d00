import { devicesOf } from '../identity/devices.ts'
import { type Asked, type Command, Failed, WrongUsage } from './command.ts'
import { findUser } from './find-user.ts'
import { print, printJson } from './output.ts'
import { printable } from './printable.ts'
import { withProgress } from './progress.ts'
import { revokeOfEverybody, revokeOfUser } from './revoke-many.ts'
import { sessionAsJson, sessionAsRow } from './shown-session.ts'
import { table } from './table.ts'

const list: Command = {
  takes: '--user <email or id>',
  summary: 'where a user is logged in now',
  words: { least: 0, most: 0 },
  flags: ['user', 'json'],
  async run (asked) {
    const { flags, shell, open } = asked
    if (flags.user === undefined) throw new WrongUsage('Whose sessions? Say --user and their email or id.')
    const user = await findUser(asked, flags.user)
    const now = shell.now()
    const stored = await (await open().sessions()).listOf(user.id)
    const live = devicesOf(stored, { user, thisHandle: '', limits: open().config, now })
    if (flags.json) return await printJson(shell, live.map(sessionAsJson))
    const rows = live.map(session => sessionAsRow(session, now))
    await print(shell, table(['HANDLE', 'DEVICE', 'LAST SEEN', 'ENDS'], rows, shell.stdout, ['DEVICE']))
  }
}

const revoke: Command = {
  takes: '<handle> | --user <email or id> | --all',
  summary: 'ends one session, all of a user, or all of every user',
  details: 'Asks before it ends more than one. --yes answers the question. Visitors who are not logged in keep their visit history, which ends ten minutes after it was last used.',
  words: { least: 0, most: 1 },
  flags: ['user', 'all', 'yes', 'json'],
  async run (asked) {
    const { words: [handle], flags: { user, all } } = asked
    if ([handle, user, all].filter(given => given !== undefined).length !== 1) {
      throw new WrongUsage('Which sessions? Say one of these: a handle, --user, --all.')
    }
    if (handle !== undefined) await revokeOne(asked, handle)
    else if (user !== undefined) await revokeOfUser(asked, await findUser(asked, user))
    else await revokeOfEverybody(asked)
  }
}

async function revokeOne ({ flags, shell, open }: Asked, handle: string): Promise<void> {
  const sessions = await open().sessions()
  if (await sessions.read(handle) === null) throw new Failed(`There is no session ${printable(handle)}.`)
  await sessions.revoke(handle)
  await (flags.json ? printJson(shell, { handle, sessionsEnded: 1 }) : print(shell, 'The session ended.\n'))
}

const purge: Command = {
  takes: '',
  summary: 'removes expired sessions from the store',
  details: 'They log nobody in either way, and a running service removes them every ten minutes; Redis does by itself.',
  words: { least: 0, most: 0 },
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
