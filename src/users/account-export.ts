import type { Device } from '../sessions/devices.ts'
import type { RecordedEvent } from './account-events.ts'
import type { User } from './user-repository.ts'

interface Kept {
  user: User
  devices: Device[]
  events: RecordedEvent[]
}

/** Everything kept about a user, for the user, with ISO times. Of the password only that there is one: it is kept as a hash. */
export function accountExport ({ user, devices, events }: Kept) {
  const { id, email, firstName, lastName, createdAt, updatedAt } = user
  return {
    profile: { id, email, firstName, lastName, createdAt, updatedAt },
    sessions: devices.map(({ signedInAt, lastSeenAt, expiresAt, visits, ...device }) => ({
      ...device,
      signedInAt: iso(signedInAt),
      lastSeenAt: iso(lastSeenAt),
      expiresAt: iso(expiresAt),
      visits: visits.map(([path, at]) => ({ path, at: iso(at) }))
    })),
    events: events.map(({ userId, ...event }) => event)
  }
}

const iso = (at: number) => new Date(at).toISOString()
