import type { Command } from './command.ts'
import { migrate } from './migrate.ts'
import { secret } from './secret.ts'
import { sessions } from './sessions.ts'
import { setPassword } from './set-password.ts'
import { stats } from './stats.ts'
import { users } from './users.ts'

/** Every command by its name, in the order of the help. */
export const commands = new Map<string, Command>([
  ...inGroup('users', { ...users, 'set-password': setPassword }),
  ...inGroup('sessions', sessions),
  ['stats', stats],
  ['migrate', migrate],
  ['secret', secret]
])

function inGroup (group: string, members: Record<string, Command>): Array<[string, Command]> {
  return Object.entries(members).map(([name, command]) => [`${group} ${name}`, command])
}
