import { parseArgs } from 'node:util'
import { type Command, type Flags, WrongUsage } from './command.ts'

const kinds = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  yes: { type: 'boolean', short: 'y' },
  all: { type: 'boolean' },
  user: { type: 'string', multiple: true },
  from: { type: 'string', multiple: true },
  to: { type: 'string', multiple: true }
} as const

/** An id or a handle is base64url, and so may begin as an option does. None of our options is as long. */
const ID_LIKE_OPTION = /^-([\w-]{21}|[\w-]{42})$/

interface Given { words: string[], flags: Flags, help: boolean }

/** @throws WrongUsage for what the command does not take */
export function readArguments (args: string[], { flags: taken, words: { least, most } }: Command): Given {
  const options = Object.fromEntries(Object.entries(kinds).filter(([name]) => ['help', ...taken].includes(name)))
  const { positionals, values } = parsed(idsAsWords(args), options)
  const { help = false, ...flags } = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, theOnly(name, value)])) as Flags & { help?: boolean }
  // What was typed is not repeated here: it may be a password that somebody took for an argument.
  if (!help && positionals.length > most) throw new WrongUsage('That is one word too many.')
  if (!help && positionals.length < least) throw new WrongUsage('Something is missing.')
  return { words: positionals, flags, help }
}

function theOnly (name: string, value: unknown): unknown {
  if (!Array.isArray(value)) return value
  if (value.length > 1) throw new WrongUsage(`One --${name} at a time.`)
  return value[0]
}

function parsed (args: string[], options: Partial<typeof kinds>) {
  try {
    return parseArgs({ args, options, allowPositionals: true })
  } catch (error) {
    throw new WrongUsage(firstSentence((error as Error).message))
  }
}

function idsAsWords (args: string[]): string[] {
  if (args.includes('--')) return args
  const rest: string[] = []
  const ids: string[] = []
  for (const [at, arg] of args.entries()) {
    if (!ID_LIKE_OPTION.test(arg)) rest.push(arg)
    else if (args[at - 1] === '--user') rest[rest.length - 1] = `--user=${arg}`
    else ids.push(arg)
  }
  return ids.length > 0 ? [...rest, '--', ...ids] : rest
}

/** Node's own messages go on with advice for programmers. */
function firstSentence (message: string): string {
  return `${message.split(/\. |\n/, 1)[0]!.replace(/\.$/, '')}.`
}
