import type { Readable, Writable } from 'node:stream'
import type { Config } from '../config.ts'
import type { Clock } from '../sessions/session-store.ts'
import type { Latchkey } from './open-latchkey.ts'

/** One thing the operator can ask for. */
export interface Command {
  /** What follows the name, such as `<email or id>`. */
  takes: string
  /** One line for the list of commands. */
  summary: string
  /** What an operator should know before. */
  details?: string
  /** How many words may stand beside the options. */
  words: { least: number, most: number }
  flags: FlagName[]
  /** Rejects when it did not do what was asked for; then nobody is told that it did. */
  run (asked: Asked): Promise<void>
}

export type FlagName = 'json' | 'yes' | 'user' | 'all' | 'from' | 'to'

export interface Flags {
  json?: boolean
  yes?: boolean
  user?: string
  all?: boolean
  from?: string
  to?: string
}

/** What a command works with. */
export interface Asked {
  words: string[]
  flags: Flags
  shell: Shell
  /** The stores that the settings lead to, opened when first asked for. @throws SettingError, Failed */
  open (): Latchkey
}

/** Where a command reads and writes: the three streams of a process. */
export interface Streams {
  stdin: Readable & { isTTY?: boolean }
  stdout: Writable & { isTTY?: boolean, columns?: number }
  stderr: Writable & { isTTY?: boolean, columns?: number }
}

export interface Shell extends Streams {
  now: Clock
  settings: () => Config
}

/** What was asked for did not happen. The message is the one sentence that the operator sees. */
export class Failed extends Error {}

/** What was typed cannot be meant. The message says why. */
export class WrongUsage extends Error {}
