import { loadConfig } from '../config/config.ts'
import { isOwn, SettingError } from '../errors.ts'
import { Failed, type Shell, type Streams, WrongUsage } from './command.ts'
import { type Latchkey, openLatchkey } from './open-latchkey.ts'
import { print, warn, survivesClosedPipes } from './output.ts'
import { parse } from './program.ts'

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
    const sentence = sentenceFor(error)
    if (sentence !== '') warn(shell, sentence)
    return error instanceof WrongUsage ? WRONG_USAGE : FAILED
  }
}

async function perform (args: string[], shell: Shell): Promise<void> {
  let help = ''
  try {
    await parse(args, { help: text => { help += text } }, async (command, argument, flags) => {
      const { open, close } = openedOnce(shell)
      try {
        await command.run({ argument, flags, shell, open })
      } finally {
        await close()
      }
    })
  } catch (error) {
    // Usage, for a command that needs another word.
    if (help !== '') warn(shell, help.trimEnd())
    throw error
  }
  if (help !== '') await print(shell, help)
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

/** Never a stack, and never a library's own message, which can name a password. */
function sentenceFor (error: unknown): string {
  if (error instanceof WrongUsage) return error.message === '' ? '' : `${error.message} See latchkey --help.`
  const { code, message } = error as Error & { code?: string }
  if (error instanceof Failed || error instanceof SettingError || isOwn(error as Error)) return message
  return `Something went wrong inside (${code ?? (error as Error).name}).`
}
