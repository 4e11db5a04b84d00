import { loadConfig, SettingError } from '../config.ts'
import { isOwn } from '../errors.ts'
import { Failed, type Shell, type Streams, WrongUsage } from './command.ts'
import { commands } from './commands.ts'
import { helpOfMany, helpOfOne } from './help.ts'
import { type Latchkey, openLatchkey } from './open-latchkey.ts'
import { print, say, survivesClosedPipes } from './output.ts'
import { readArguments } from './read-arguments.ts'

const DONE = 0
const FAILED = 1
const WRONG_USAGE = 2

type Surroundings = Partial<Pick<Shell, 'now' | 'settings'>>

/**
 * The operator's command.
 * @param args what was typed after `latchkey`
 * @returns the exit code: 0 done, 1 failed, 2 not understood
 */
export async function run (args: string[], { stdin, stdout, stderr }: Streams, { now = Date.now, settings = loadConfig }: Surroundings = {}): Promise<number> {
  survivesClosedPipes(stdout, stderr)
  const shell = { stdin, stdout, stderr, now, settings }
  try {
    await perform(args, shell)
    return DONE
  } catch (error) {
    say(shell, sentenceFor(error))
    return error instanceof WrongUsage ? WRONG_USAGE : FAILED
  }
}

async function perform (args: string[], shell: Shell): Promise<void> {
  const found = named(args)
  if (found === null) return await helpOrRefuse(args, shell)
  const [name, command] = found
  const { words, flags, help } = readArguments(args.slice(name.split(' ').length), command)
  if (help) return await print(shell, helpOfOne(name, command))
  const { open, close } = openedOnce(shell)
  try {
    await command.run({ words, flags, shell, open })
  } finally {
    await close()
  }
}

function openedOnce ({ settings, now }: Shell) {
  let latchkey: Latchkey | undefined
  return {
    open () {
      latchkey ??= openLatchkey(settings(), now)
      return latchkey
    },
    close: async () => await latchkey?.close()
  }
}

function named (args: string[]) {
  return [...commands].find(([name]) => [args[0], args.slice(0, 2).join(' ')].includes(name)) ?? null
}

async function helpOrRefuse ([group, ...rest]: string[], shell: Shell): Promise<void> {
  const members = [...commands].filter(([name]) => name.startsWith(`${group} `))
  if (members.length > 0 && isHelp(rest)) return await print(shell, helpOfMany(members))
  if (group !== undefined && isHelp([group, ...rest])) return await print(shell, helpOfMany([...commands]))
  throw new WrongUsage(group === undefined ? 'What is to be done?' : 'There is no such command.')
}

function isHelp (words: string[]): boolean {
  return words.some(word => ['--help', '-h', 'help'].includes(word))
}

/** Never a stack, and never a library's own message, which can name a password. */
function sentenceFor (error: unknown): string {
  if (error instanceof WrongUsage) return `${error.message} See latchkey --help.`
  const { code, message } = error as Error & { code?: string }
  if (error instanceof Failed || error instanceof SettingError || isOwn(error as Error)) return message
  return `Something went wrong inside (${code ?? (error as Error).name}).`
}
