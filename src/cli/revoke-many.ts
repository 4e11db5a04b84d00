import { endAllSessions, endSessions } from '../accounts/end-sessions.ts'
import { BRISK, inBatches } from '../async/in-batches.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import type { Account } from '../users/user-repository.ts'
import type { Invocation } from './command.ts'
import { endSessionsOf, cleanupOrWarn, assertStillThere, sessionsEnded } from './end-sessions.ts'
import { print, printJson } from './output.ts'
import { withProgress } from './progress.ts'
import { confirm } from './question.ts'
import { report } from './users.ts'

/** Logs a user out everywhere. */
export async function revokeOfUser (invocation: Invocation, user: Account): Promise<void> {
  await confirm(invocation, `End every session of ${user.email}?`)
  assertStillThere(await endAllSessions(invocation.open().database.transact, { id: user.id }))
  await report(invocation, user, 'is logged out everywhere', await endSessionsOf(invocation, user.id))
}

/** Logs everybody out. Raising the epochs ends all sessions at once, whatever the session store does; then they are removed. */
export async function revokeOfEverybody (invocation: Invocation): Promise<void> {
  const { flags, shell, open } = invocation
  const { users } = open()
  const all = await users.count()
  await confirm(invocation, `End every session of all users (${all})?`)
  const count = await withProgress(shell, show => users.raiseEverySessionEpoch(done => show(`Ending sessions: user ${done} of ${all} …`)))
  const ended = await cleanupOrWarn(invocation, async sessions => await removeOfEverybody(invocation, sessions, count))
  if (flags.json) return await printJson(shell, { users: count, sessionsEnded: ended })
  await print(shell, `Everybody is logged out (users: ${count}), ${sessionsEnded(ended)}.\n`)
}

/** All of them, whatever their epoch: after a restore of an older database, sessions in Redis can be of the epoch that was just reached. */
async function removeOfEverybody ({ shell, open }: Invocation, sessions: SessionStore, count: number): Promise<number> {
  let ended = 0
  let after = ''
  const removeSome = async (atMost: number) => {
    const page = await open().users.list({ limit: atMost, after })
    if (page.length === 0) return 0
    ended += await endSessions({ sessions }, { userIds: page.map(({ id }) => id) })
    after = page.at(-1)!.email
    return page.length
  }
  await withProgress(shell, show => inBatches(removeSome, { pace: BRISK, progress: done => show(`Removing ended sessions: user ${done} of ${count} …`) }))
  return ended
}
