import type { Readable, Writable } from 'node:stream'
import type { Clock } from '../clock.ts'
import type { Config } from '../config/config.ts'
import type { Latchkey } from './open-latchkey.ts'

/** One command of the operator's. */
export interface Command {
  /** The one argument, `<required>` or `[optional]`; left out when there is none. */
  argument?: string
  /** One line for the list of commands. */
  summary: string
  /** What an operator should know before. */
  details?: string
  flags: FlagName[]
  /** The flags among them that must be given. */
  required?: FlagName[]
  /** Rejects when it did not do what was asked for; then nobody is told that it did. */
  run (invocation: Invocation): Promise<void>
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
export interface Invocation {
  /** The argument, an empty text when none was given. */
  argument: string
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

/** The command did not do it. The message is the one sentence that the operator sees. */
export class Failed extends Error {}

/** The command line is wrong. The message says why. */
export class WrongUsage extends Error {}
