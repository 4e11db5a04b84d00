import { gt, isNotNull } from 'drizzle-orm'
import { sessions, users } from '../../drizzle/sqlite/schema.ts'
import { UsersUnavailable } from '../errors.ts'
import { orUnavailable } from '../unavailable.ts'
import type { Command } from './command.ts'
import type { Latchkey } from './open-latchkey.ts'
import { print, printJson } from './output.ts'
import { properties } from './table.ts'

export const stats: Command = {
  takes: '',
  summary: 'how many users and sessions there are',
  details: 'Sessions in Redis are not counted, as that would read every key.',
  words: { least: 0, most: 0 },
  flags: ['json'],
  async run ({ flags, shell, open }) {
    const latchkey = open()
    const counts = await orUnavailable(UsersUnavailable, () => countsOf(latchkey, shell.now()))
    if (flags.json) return await printJson(shell, counts)
    await print(shell, properties(Object.entries(counts).map(([name, count]) => [name, String(count)])))
  }
}

async function countsOf ({ config, database, users: accounts }: Latchkey, now: number): Promise<Record<string, number>> {
  const known = { users: await accounts.count(), disabled: await database.$count(users, isNotNull(users.disabledAt)) }
  if (config.redisUrl !== undefined) return known
  // Those of visitors who are not logged in are among them.
  return { ...known, sessions: await database.$count(sessions, gt(sessions.expiresAt, now)) }
}
