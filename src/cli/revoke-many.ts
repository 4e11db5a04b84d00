import { endSessions } from '../accounts/end-sessions.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import type { User } from '../users/user-repository.ts'
import type { Asked } from './command.ts'
import { endSessionsOf, orDeadAllTheSame, orGone, sessionsEnded } from './end-sessions.ts'
import { everyUser } from './every-user.ts'
import { print, printJson } from './output.ts'
import { withProgress } from './progress.ts'
import { confirm } from './question.ts'
import { tell } from './users.ts'

/** Logs a user out everywhere. */
export async function revokeOfUser (asked: Asked, user: User): Promise<void> {
  await confirm(asked, `End every session of ${user.email}?`)
  orGone(await endSessions(asked.open().database.transact, { id: user.id }))
  await tell(asked, user, 'is logged out everywhere', await endSessionsOf(asked, user.id))
}

/** Logs everybody out. One write ends all sessions; what follows only removes them, and may take a while. */
export async function revokeOfEverybody (asked: Asked): Promise<void> {
  const { flags, shell, open } = asked
  const { users } = open()
  await confirm(asked, `End every session of all users (${await users.count()})?`)
  const count = await users.raiseEverySessionEpoch()
  const ended = await orDeadAllTheSame(asked, async sessions => await removeOfEverybody(asked, sessions, count))
  if (flags.json) return await printJson(shell, { users: count, sessionsEnded: ended })
  await print(shell, `Everybody is logged out (users: ${count}), ${sessionsEnded(ended)}.\n`)
}

async function removeOfEverybody ({ shell, open }: Asked, sessions: SessionStore, count: number): Promise<number> {
  return await withProgress(shell, async show => {
    let ended = 0
    let done = 0
    for await (const page of everyUser(open().users)) {
      show(`Removing ended sessions: user ${done} of ${count} …`)
      for (const { id } of page) ended += await sessions.revokeAllOf(id)
      done += page.length
    }
    return ended
  })
}
