import { readMigrationFiles } from 'drizzle-orm/migrator'

/** A newer release has changed the tables. What this one would write could be wrong there, or be read wrongly. */
export class NewerSchema extends Error {
  readonly code = 'NEWER_SCHEMA'

  constructor () {
    super('the tables are of a newer release: start that one, or restore a backup of this one')
  }
}

/**
 * Whether a database has every migration of a folder.
 * @param newestThere when the newest migration was made that the database has; NaN without any
 * @throws NewerSchema when it has one that the folder does not have
 */
export function hasEveryMigration (migrationsFolder: string, newestThere: number): boolean {
  const newest = readMigrationFiles({ migrationsFolder }).at(-1)!.folderMillis
  if (newestThere > newest) throw new NewerSchema()
  return newestThere === newest
}
