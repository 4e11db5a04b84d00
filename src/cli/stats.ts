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
    const counts = await countsOf(open())
    if (flags.json) return await printJson(shell, counts)
    await print(shell, properties(Object.entries(counts).map(([name, count]) => [name, String(count)])))
  }
}

async function countsOf ({ config, database }: Latchkey): Promise<Record<string, number>> {
  const { users, disabled, sessions } = await database.size()
  return config.redisUrl === undefined ? { users, disabled, sessions } : { users, disabled }
}
