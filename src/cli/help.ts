import type { Command, FlagName } from './command.ts'

const WIDTH = 80

const meanings: Record<FlagName, string> = {
  json: '  --json    one JSON value for programs',
  yes: '  --yes     do it without asking',
  user: '  --user    whose: their email in any spelling, or their id',
  all: '  --all     of every user',
  from: '  --from    the file that is copied',
  to: '  --to      where it is copied to'
}

/** The commands, all or those of one group. */
export function helpOfMany (commands: Array<[string, Command]>): string {
  const lines = commands.map(([name, { takes, summary }]) => `  latchkey ${name} ${takes}`.trimEnd() + `\n      ${summary}\n`)
  return `Usage:\n\n${lines.join('')}\nSettings are the service's own, from the environment or .env. Each command takes\n--json for programs and --help. Exit code: 0 done, 1 failed, 2 not understood.\n`
}

export function helpOfOne (name: string, { takes, summary, details, flags }: Command): string {
  const usage = `Usage: latchkey ${name} ${takes}`.trimEnd()
  const options = ['  --help    this text', ...flags.map(flag => meanings[flag])]
  return `${usage}\n\n${wrapped(`${capitalised(summary)}.${details ? ` ${details}` : ''}`)}\n\n${options.join('\n')}\n`
}

function capitalised (text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function wrapped (text: string): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`.trimStart()
    if (longer.length > WIDTH) lines.push(word)
    else lines[lines.length - 1] = longer
  }
  return lines.join('\n')
}
