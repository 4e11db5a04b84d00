import { bigint, customType, index, integer, pgTable, primaryKey } from 'drizzle-orm/pg-core'

const text = customType<{ data: string, driverData: string }>({
  // Compared by bytes, as in SQLite. The operating system's own order changes with its updates, and an index that was
  // built in the older order then misses rows: one email would have two accounts.
  dataType: () => 'text COLLATE "C"',
  // PostgreSQL's text holds no NUL. Nothing that is kept has one, so asking with one finds nothing, instead of failing.
  toDriver: value => value.replaceAll('\0', '\uFFFD')
})

// Epoch milliseconds, as in SQLite.
const moment = customType<{ data: Date, driverData: number | string }>({
  dataType: () => 'bigint',
  toDriver: date => date.getTime(),
  fromDriver: milliseconds => new Date(Number(milliseconds))
})

export const users = pgTable('users', {
  id: text().primaryKey(),
  firstName: text('first_name').notNull(),
  lastName: text('last_name').notNull(),
  email: text().notNull().unique(),
  sessionEpoch: integer('session_epoch').notNull().default(1),
  disabledAt: moment('disabled_at'),
  createdAt: moment('created_at').notNull(),
  updatedAt: moment('updated_at').notNull()
})

// What users prove with who they are. Apart from users, which every request reads.
export const credentials = pgTable('credentials', {
  // 'password'
  kind: text().notNull(),
  // Of its kind, it is one user's. A password's is the user's id: each user has one.
  identifier: text().notNull(),
  userId: text('user_id').notNull().references(() => users.id, { onDelete: 'cascade' }),
  // A password's is its hash, argon2id in PHC string format.
  secret: text().notNull(),
  // What the user calls it, where they have several.
  label: text(),
  // When the user chose it.
  createdAt: moment('created_at').notNull(),
  lastUsedAt: moment('last_used_at'),
  // JSON that is of this kind only.
  data: text(),
  // Of the key that the secret is encrypted with, where it is.
  keyId: text('key_id')
}, table => [
  primaryKey({ columns: [table.kind, table.identifier] }),
  index('credentials_user_id').on(table.userId)
])

export const accountEvents = pgTable('account_events', {
  id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  userId: text('user_id').notNull().references(() => users.id, { onDelete: 'cascade' }),
  type: text().notNull(),
  at: moment().notNull(),
  address: text().notNull(),
  device: text().notNull()
}, table => [
  index('account_events_user_id').on(table.userId, table.at, table.id),
  index('account_events_at').on(table.at)
])

// Browsers that have logged in, so that strangers who guess cannot keep them out. Apart from users, which every request reads.
export const knownDevices = pgTable('known_devices', {
  userId: text('user_id').primaryKey().references(() => users.id, { onDelete: 'cascade' }),
  // JSON, see src/authentication/limits/known-devices.ts. One text, so that one conditional write changes it.
  devices: text().notNull(),
  expiresAt: bigint('expires_at', { mode: 'number' }).notNull()
}, table => [
  index('known_devices_expires_at').on(table.expiresAt)
])

// Counters, when there is no Redis. The columns are those of earlier releases, which go on counting here during an update.
export const throttle = pgTable('throttle', {
  key: text().primaryKey(),
  points: integer().notNull().default(0),
  expire: bigint({ mode: 'number' })
}, table => [
  index('throttle_expire').on(table.expire)
])

export const sessions = pgTable('sessions', {
  handle: text().primaryKey(),
  // No foreign key: in a service with Redis the users have no sessions here, and anonymous sessions have no user.
  userId: text('user_id'),
  // Which shape `fields` has. A row of another version reads as absent.
  version: integer().notNull(),
  // A JSON object, one key per top-level field of the session. Not jsonb, which refuses some of what JSON can say.
  fields: text().notNull(),
  expiresAt: bigint('expires_at', { mode: 'number' }).notNull()
}, table => [
  index('sessions_user_id').on(table.userId),
  index('sessions_expires_at').on(table.expiresAt)
])
