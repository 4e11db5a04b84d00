import { and, eq, inArray, lt } from 'drizzle-orm'
import { knownDevices } from '../../../drizzle/postgres/schema.ts'
import type { Clock } from '../../clock.ts'
import type { PostgresDatabase } from './open-postgres.ts'
import { countersAnswer } from './query-with-timeout.ts'
import { UsersUnavailable } from '../../errors.ts'
import { inBatches } from '../../async/in-batches.ts'
import { orUnavailable } from '../../async/or-unavailable.ts'
import type { DeviceStore, DeviceText } from '../../authentication/limits/device-store.ts'

/** Devices in the table `known_devices`. */
export function postgresDeviceStore (database: PostgresDatabase, { now }: { now: Clock }): DeviceStore {
  return {
    read: userId => answer(async () => {
      const [row] = await database.select().from(knownDevices).where(eq(knownDevices.userId, userId))
      return row?.devices ?? null
    }),
    replace: (userId, from, to) => answer(() => replace(database, userId, from, to)),
    sweep: () => inBatches(atMost => answer(() => removeSome(database, now(), atMost)))
  }
}

function answer<T> (work: () => Promise<T>): Promise<T> {
  return orUnavailable(UsersUnavailable, () => countersAnswer(work))
}

async function replace (database: PostgresDatabase, userId: string, from: string | null, to: DeviceText): Promise<boolean> {
  const written = await (from === null
    ? database.insert(knownDevices).values({ userId, ...to }).onConflictDoNothing()
    : database.update(knownDevices).set(to).where(and(eq(knownDevices.userId, userId), eq(knownDevices.devices, from))))
  return written.rowCount! > 0
}

async function removeSome (database: PostgresDatabase, now: number, atMost: number): Promise<number> {
  const old = database.select({ userId: knownDevices.userId }).from(knownDevices).where(lt(knownDevices.expiresAt, now)).limit(atMost)
  // SKIP LOCKED avoids lock waits, ours and those of the other processes.
  const { rowCount } = await database.delete(knownDevices).where(inArray(knownDevices.userId, old.for('update', { skipLocked: true })))
  return rowCount!
}
