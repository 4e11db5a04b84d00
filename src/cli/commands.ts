import type { Command } from './command.ts'
import { migrate } from './migrate.ts'
import { secret } from './secret.ts'
import { sessions } from './sessions.ts'
import { setPassword } from './set-password.ts'
import { stats } from './stats.ts'
import { users } from './users.ts'

export interface Group {
  summary: string
  commands: Record<string, Command>
}

export const groups: Record<string, Group> = {
  users: { summary: 'list, show, disable, enable and delete users, set passwords', commands: { ...users, 'set-password': setPassword } },
  sessions: { summary: 'list, revoke and purge sessions', commands: sessions }
}

export const commands: Record<string, Command> = { stats, migrate, secret }
