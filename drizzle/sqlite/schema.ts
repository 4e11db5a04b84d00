import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

export const users = sqliteTable('users', {
  id: text().primaryKey(),
  firstName: text('first_name').notNull(),
  lastName: text('last_name').notNull(),
  email: text().notNull().unique(),
  sessionEpoch: integer('session_epoch').notNull().default(1),
  disabledAt: integer('disabled_at', { mode: 'timestamp_ms' }),
  createdAt: integer('created_at', { mode: 'timestamp_ms' }).notNull(),
  updatedAt: integer('updated_at', { mode: 'timestamp_ms' }).notNull()
})

// What users prove with who they are. Apart from users, which every request reads.
export const credentials = sqliteTable('credentials', {
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
  createdAt: integer('created_at', { mode: 'timestamp_ms' }).notNull(),
  lastUsedAt: integer('last_used_at', { mode: 'timestamp_ms' }),
  // JSON that is of this kind only.
  data: text(),
  // Of the key that the secret is encrypted with, where it is.
  keyId: text('key_id')
}, table => [
  primaryKey({ columns: [table.kind, table.identifier] }),
  index('credentials_user_id').on(table.userId)
])

export const accountEvents = sqliteTable('account_events', {
  id: integer().primaryKey({ autoIncrement: true }),
  userId: text('user_id').notNull().references(() => users.id, { onDelete: 'cascade' }),
  type: text().notNull(),
  at: integer({ mode: 'timestamp_ms' }).notNull(),
  address: text().notNull(),
  device: text().notNull()
}, table => [
  index('account_events_user_id').on(table.userId, table.at),
  index('account_events_at').on(table.at)
])

// Browsers that have logged in, so that strangers who guess cannot keep them out. Apart from users, which every request reads.
export const knownDevices = sqliteTable('known_devices', {
  userId: text('user_id').primaryKey().references(() => users.id, { onDelete: 'cascade' }),
  // JSON, see src/authentication/limits/known-devices.ts. One text, so that one conditional write changes it.
  devices: text().notNull(),
  expiresAt: integer('expires_at').notNull()
}, table => [
  index('known_devices_expires_at').on(table.expiresAt)
])

// Counters, when there is no Redis. The columns are those of earlier releases, which go on counting here during an update.
export const throttle = sqliteTable('throttle', {
  key: text().primaryKey(),
  points: integer().notNull().default(0),
  expire: integer()
}, table => [
  index('throttle_expire').on(table.expire)
])

export const sessions = sqliteTable('sessions', {
  handle: text().primaryKey(),
  // No foreign key: in a service with Redis the users have no sessions here, and anonymous sessions have no user.
  userId: text('user_id'),
  // Which shape `fields` has. A row of another version reads as absent.
  version: integer().notNull(),
  // A JSON object, one key per top-level field of the session.
  fields: text().notNull(),
  expiresAt: integer('expires_at').notNull()
}, table => [
  index('sessions_user_id').on(table.userId),
  index('sessions_expires_at').on(table.expiresAt)
])
