import { and, eq, inArray, lt } from 'drizzle-orm'
import { knownDevices } from '../../../drizzle/sqlite/schema.ts'
import type { Clock } from '../../clock.ts'
import { type SqliteDatabase, withoutSync } from './open-sqlite.ts'
import { UsersUnavailable } from '../../errors.ts'
import { inBatches } from '../../async/in-batches.ts'
import { orUnavailable } from '../../async/or-unavailable.ts'
import type { DeviceStore, DeviceText } from '../../authentication/limits/device-store.ts'

/** Devices in the table `known_devices`. */
export function sqliteDeviceStore (database: SqliteDatabase, { now }: { now: Clock }): DeviceStore {
  return {
    read: userId => answer(() => database.select().from(knownDevices).where(eq(knownDevices.userId, userId)).get()?.devices ?? null),
    replace: (userId, from, to) => answer(() => replace(database, userId, from, to)),
    sweep: () => answer(() => inBatches(atMost => removeSome(database, now(), atMost)))
  }
}

function answer<T> (work: () => T | Promise<T>): Promise<T> {
  return orUnavailable(UsersUnavailable, work)
}

function replace (database: SqliteDatabase, userId: string, from: string | null, to: DeviceText): boolean {
  const written = from === null
    ? database.insert(knownDevices).values({ userId, ...to }).onConflictDoNothing()
    : database.update(knownDevices).set(to).where(and(eq(knownDevices.userId, userId), eq(knownDevices.devices, from)))
  return written.run().changes > 0
}

function removeSome (database: SqliteDatabase, now: number, atMost: number): number {
  const old = database.select({ userId: knownDevices.userId }).from(knownDevices).where(lt(knownDevices.expiresAt, now)).limit(atMost)
  return withoutSync(database.$client, () => database.delete(knownDevices).where(inArray(knownDevices.userId, old)).run().changes)
}
