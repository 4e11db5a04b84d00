import { randomBytes } from 'node:crypto'
import type { Command } from './command.ts'
import { print, printJson } from './output.ts'

export const secret: Command = {
  takes: '',
  summary: 'a fresh value for SESSION_SECRET',
  details: 'Put it before the one in use, with a comma between them: the new one signs, and people stay logged in.',
  words: { least: 0, most: 0 },
  flags: ['json'],
  async run ({ flags, shell }) {
    const fresh = randomBytes(32).toString('base64url')
    await (flags.json ? printJson(shell, { secret: fresh }) : print(shell, `${fresh}\n`))
  }
}
