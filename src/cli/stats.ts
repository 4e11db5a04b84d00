import type { Command } from './command.ts'
import type { Latchkey } from './open-latchkey.ts'
import { print, printJson } from './output.ts'
import { properties } from './table.ts'

export const stats: Command = {
  summary: 'count users and sessions',
  details: 'Includes sessions of visitors who are not logged in. In Redis, counting scans all keys, a thousand at a time.',
  flags: ['json'],
  async run ({ flags, shell, open }) {
    const counts = await countsOf(open())
    if (flags.json) return await printJson(shell, counts)
    await print(shell, properties(Object.entries(counts).map(([name, count]) => [name, String(count)])))
  }
}

async function countsOf ({ database, sessions }: Latchkey): Promise<Record<string, number>> {
  return { ...await database.size(), sessions: await (await sessions()).count() }
}
