import { randomBytes } from 'node:crypto'
import type { Command } from './command.ts'
import { print, printJson } from './output.ts'

export const secret: Command = {
  summary: 'print a new value for SESSION_SECRET',
  details: 'Put it before the current one, separated by a comma: the new one signs, and people stay logged in.',
  flags: ['json'],
  async run ({ flags, shell }) {
    const fresh = randomBytes(32).toString('base64url')
    await (flags.json ? printJson(shell, { secret: fresh }) : print(shell, `${fresh}\n`))
  }
}
