import type { Clock } from '../../clock.ts'
import { SessionExists } from '../../errors.ts'
import { checkChanges, checkNew } from '../../sessions/check-session.ts'
import { changedFields } from '../../sessions/session-fields.ts'
import { coreOf } from '../../sessions/session-record.ts'
import type { NewSession, SessionChanges, SessionStore, StoredSession } from '../../sessions/session-store.ts'

type Sessions = Map<string, StoredSession>

/** Sessions of one process that end with it. Hands copies in and out, as a store across the network would. */
export function memorySessionStore ({ now }: { now: Clock }): SessionStore {
  const sessions: Sessions = new Map()
  return {
    description: 'memory',
    create: session => create(sessions, session),
    read: async handle => structuredClone(live(sessions, handle, now())),
    readCore: async handle => coreOf(structuredClone(live(sessions, handle, now()))),
    update: (handle, changes) => update(sessions, handle, changes, now()),
    revoke: async handle => { sessions.delete(handle) },
    listOf: async userId => structuredClone(of(sessions, userId).filter(isLiveAt(now()))),
    revokeOf: async (userId, handle) => end(sessions, of(sessions, userId).filter(mine => mine.handle === handle), now()) > 0,
    revokeAllOf: async (userId, except) => end(sessions, of(sessions, userId).filter(mine => mine.handle !== except), now()),
    revokeAllOfUsers: async userIds => end(sessions, userIds.flatMap(userId => of(sessions, userId)), now()),
    sweep: async () => sweep(sessions, now()),
    count: async () => [...sessions.values()].filter(isLiveAt(now())).length,
    ping: async () => {},
    close: async () => {}
  }
}

async function create (sessions: Sessions, session: NewSession): Promise<void> {
  checkNew(session)
  const { endsAt, ...stored } = session
  if (sessions.has(stored.handle)) throw new SessionExists()
  sessions.set(stored.handle, structuredClone(stored))
}

async function update (sessions: Sessions, handle: string, changes: SessionChanges, time: number): Promise<boolean> {
  checkChanges(changes)
  const session = live(sessions, handle, time)
  if (!session) return false
  const { lastSeenAt, expiresAt } = changes.renewal ?? session
  sessions.set(handle, { ...session, lastSeenAt, expiresAt, fields: structuredClone(changedFields(session.fields, changes)) })
  return true
}

function isLiveAt (time: number) {
  return (session: StoredSession) => session.expiresAt > time
}

function live (sessions: Sessions, handle: string, time: number): StoredSession | null {
  const session = sessions.get(handle)
  return session && session.expiresAt > time ? session : null
}

function of (sessions: Sessions, userId: string): StoredSession[] {
  return [...sessions.values()].filter(({ core }) => core.login?.userId === userId)
}

/** Ends sessions, the expired among them too. @returns how many of them were alive */
function end (sessions: Sessions, ended: StoredSession[], time: number): number {
  for (const { handle } of ended) sessions.delete(handle)
  return ended.filter(isLiveAt(time)).length
}

function sweep (sessions: Sessions, time: number): number {
  const expired = [...sessions.values()].filter(session => session.expiresAt <= time)
  end(sessions, expired, time)
  return expired.length
}
