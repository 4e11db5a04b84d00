import { endSessions } from '../accounts/end-sessions.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import { type Invocation, Failed } from './command.ts'
import { warn } from './output.ts'

/**
 * Removes from the store what the user's session epoch, or their absence, has ended already.
 * @returns how many were removed, or null when the store does not answer, which the operator is told
 */
export async function endSessionsOf (invocation: Invocation, userId: string): Promise<number | null> {
  return await cleanupOrWarn(invocation, async sessions => await endSessions({ sessions }, { userId }))
}

/** Work that only tidies up, as what it removes counts no more. @returns null when it could not be done */
export async function cleanupOrWarn<T> ({ open, shell }: Invocation, work: (sessions: SessionStore) => Promise<T>): Promise<T | null> {
  try {
    return await work(await open().sessions())
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    warn(shell, `Warning: the store does not answer (${code}), so ended sessions still lie in it. They are dead all the same: within two seconds none of them logs anybody in.`)
    return null
  }
}

/** @throws Failed when the user was removed in the meantime */
export function assertStillThere (isThere: boolean): void {
  if (!isThere) throw new Failed('The user is gone; somebody else removed them just now.')
}

/** Such as "2 sessions ended", or nothing when the store could not tell. */
export function sessionsEnded (count: number | null): string {
  if (count === null) return 'every session ended'
  return `${count} ${count === 1 ? 'session' : 'sessions'} ended`
}
