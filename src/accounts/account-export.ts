import { Type } from 'typebox'
import type { Device } from '../identity/devices.ts'
import type { RecordedEvent } from '../users/account-events.ts'
import type { Account } from '../users/user-repository.ts'

interface Kept {
  user: Account
  devices: Device[]
  events: RecordedEvent[]
}

const Time = Type.String({ format: 'date-time' })

/** The form of it. What is not named here is left out. */
export const AccountExport = Type.Object({
  profile: Type.Object({
    id: Type.String(), email: Type.String(), firstName: Type.String(), lastName: Type.String(), createdAt: Time, updatedAt: Time
  }, { additionalProperties: false }),
  sessions: Type.Array(Type.Object({
    handle: Type.String(),
    isThis: Type.Boolean(),
    device: Type.String(),
    address: Type.String(),
    remembered: Type.Boolean(),
    signedInAt: Time,
    lastSeenAt: Time,
    expiresAt: Time,
    visits: Type.Array(Type.Object({ path: Type.String(), at: Time }, { additionalProperties: false }))
  }, { additionalProperties: false })),
  events: Type.Array(Type.Object({
    type: Type.String(), address: Type.String(), device: Type.String(), at: Time
  }, { additionalProperties: false }))
}, { additionalProperties: false })

/** Everything kept about a user, for the user, with ISO times; of the events the latest 2,000. Of the password only that there is one: it is kept as a hash. */
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
