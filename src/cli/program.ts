import { CommanderError, Command as Program, InvalidArgumentError, Option } from 'commander'
import { type Command, type FlagName, type Flags, WrongUsage } from './command.ts'
import { commands, groups } from './commands.ts'

const HELP_WIDTH = 80

const flags: Record<FlagName, [syntax: string, summary: string]> = {
  json: ['--json', 'print one JSON value for programs'],
  yes: ['-y, --yes', 'confirm without a question'],
  user: ['--user <email or id>', 'the user, by email in any spelling or by id'],
  all: ['--all', 'every user'],
  from: ['--from <file:path>', 'the database to copy from'],
  to: ['--to <postgres://…>', 'the database to copy to']
}

const FOOTER = '\nCommands use the settings of the service, from the environment or .env.\nExit code: 0 done, 1 failed, 2 wrong usage.'

/** An id or a handle is base64url, so it may start like an option. None of our options is as long. */
const ID_LIKE_OPTION = /^-([\w-]{21}|[\w-]{42})$/

export interface Output {
  help (text: string): void
}

export type Perform = (command: Command, argument: string, flags: Flags) => Promise<void>

/**
 * Parses a command line and performs the command. Help goes to the output.
 * @throws WrongUsage, with a sentence that never repeats an argument: it may be a password typed in the wrong place
 */
export async function parse (args: string[], output: Output, perform: Perform): Promise<void> {
  const program = configured(new Program('latchkey'), output).addHelpText('after', FOOTER)
  for (const [name, group] of Object.entries(groups)) {
    const parent = configured(program.command(name), output).summary(group.summary).description(sentence(group.summary))
    for (const [member, command] of Object.entries(group.commands)) add(parent, member, command, output, perform)
  }
  for (const [name, command] of Object.entries(commands)) add(program, name, command, output, perform)
  await program.parseAsync(withIdsLast(args), { from: 'user' }).catch(translate)
}

function add (parent: Program, name: string, command: Command, output: Output, perform: Perform): void {
  const { argument, summary, details = '', flags: names, required = [] } = command
  const program = configured(parent.command(name), output).summary(summary).description(`${sentence(summary)} ${details}`.trim())
  if (argument !== undefined) program.argument(argument)
  for (const flag of names) program.addOption(optionOf(flag).makeOptionMandatory(required.includes(flag)))
  program.action(async () => await perform(command, program.args[0] ?? '', program.opts<Flags>()))
}

function optionOf (name: FlagName): Option {
  const option = new Option(...flags[name])
  return option.required ? option.argParser(once) : option
}

function once (value: string, previous?: string): string {
  if (previous !== undefined) throw new InvalidArgumentError('')
  return value
}

function configured (program: Program, { help }: Output): Program {
  return program.exitOverride().allowExcessArguments(false).configureHelp({ showGlobalOptions: false })
    .configureOutput({ writeOut: help, writeErr: help, outputError: () => {}, getOutHelpWidth: () => HELP_WIDTH, getErrHelpWidth: () => HELP_WIDTH })
}

const sentences: Record<string, (message: string) => string> = {
  'commander.unknownCommand': message => `Unknown command.${suggestionIn(message)}`,
  'commander.unknownOption': message => `Unknown option.${suggestionIn(message)}`,
  'commander.excessArguments': () => 'Unexpected argument.',
  'commander.missingArgument': message => `Missing: <${quotedIn(message)}>.`,
  'commander.missingMandatoryOptionValue': message => `Missing: ${quotedIn(message)}.`,
  'commander.optionMissingArgument': message => `Missing a value: ${quotedIn(message)}.`,
  'commander.invalidArgument': message => `Pass ${quotedIn(message)} once.`
}

function translate (error: unknown): void {
  if (!(error instanceof CommanderError)) throw error
  if (error.exitCode === 0) return
  throw new WrongUsage(sentences[error.code]?.(error.message) ?? '')
}

function suggestionIn (message: string): string {
  const suggested = /\(Did you mean ([^()?]{1,30})\?\)/.exec(message)?.[1]
  return suggested === undefined ? '' : ` Did you mean ${suggested}?`
}

function quotedIn (message: string): string {
  return /'([^']*)'/.exec(message)![1]!
}

function sentence (summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`
}

function withIdsLast (args: string[]): string[] {
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
