import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Command } from '../../src/cli/command.ts'
import { commands, groups } from '../../src/cli/commands.ts'
import { SettingError } from '../../src/errors.ts'
import { freePort } from '../free-port.ts'
import { openService, sqliteIn } from '../helper.ts'
import { latchkey } from './shell.ts'

t.test('help for the command, each group and each subcommand, readable at 80 columns', async t => {
  const service = await openService(t)
  const all = await latchkey(service, '--help')
  for (const same of ['-h', 'help', 'nonsense --help']) t.equal((await latchkey(service, same)).out, all.out, same)
  const texts = [all]
  for (const [name, group] of Object.entries(groups)) {
    t.match(all.out, `\n  ${name} `)
    const help = await latchkey(service, `${name} --help`)
    texts.push(help)
    for (const [member, command] of Object.entries(group.commands)) {
      t.match(help.out, new RegExp(`\\n  ${member} .*`))
      texts.push(await helpOf(`${name} ${member}`, command))
    }
  }
  for (const [name, command] of Object.entries(commands)) texts.push(await helpOf(name, command))
  for (const { code, err, out } of texts) {
    t.strictSame({ code, err }, { code: 0, err: '' })
    t.ok(out.split('\n').every(line => line.length <= 80), out)
  }

  async function helpOf (name: string, { argument, flags, details = '' }: Command) {
    const help = await latchkey(service, `${name} --help`)
    t.ok(help.out.startsWith(`Usage: latchkey ${name} [options]${argument === undefined ? '' : ` ${argument}`}\n`), name)
    for (const flag of flags) t.match(help.out, `--${flag}`)
    t.ok(help.out.replaceAll(/\s+/g, ' ').includes(details))
    return help
  }
})

t.test('without a command, usage is printed', async t => {
  const service = await openService(t)
  t.match(await latchkey(service, ''), { code: 2, out: '', err: /^Usage: latchkey \[options\] \[command\]\n/ })
  t.match(await latchkey(service, 'users'), { code: 2, out: '', err: /^Usage: latchkey users \[options\] \[command\]\n/ })
})

t.test('a wrong command line ends with 2, one sentence and nothing done', async t => {
  const service = await openService(t)
  await service.browser().signUp()
  const which = 'Pass one of these: a handle, --user, --all.'
  const confirmed = "This can't be undone. Pass --yes to confirm."
  const wrong: Record<string, string> = {
    nonsense: 'Unknown command.',
    user: 'Unknown command. Did you mean users?',
    'users nonsense': 'Unknown command.',
    'users lst': 'Unknown command. Did you mean list?',
    'users show': 'Missing: <email or id>.',
    'users show one two': 'Unexpected argument.',
    'users set-password grace@example.com hunter2': 'Unexpected argument.',
    'users set-password grace@example.com --password=hunter2': 'Unknown option.',
    'users list --yes': 'Unknown option.',
    'users list --jso': 'Unknown option. Did you mean --json?',
    'users list --json=hunter2': 'Unknown option.',
    'stats more': 'Unexpected argument.',
    'sessions list': 'Missing: --user <email or id>.',
    'sessions list --user': 'Missing a value: --user <email or id>.',
    'sessions list --user a@example.com --user b@example.com': 'Pass --user <email or id> once.',
    'sessions revoke': which,
    'sessions revoke --all --user grace@example.com': which,
    'sessions revoke handle --all': which,
    'users delete grace@example.com': confirmed,
    'sessions revoke --user grace@example.com': confirmed,
    'sessions revoke --all': confirmed
  }
  for (const [args, sentence] of Object.entries(wrong)) {
    t.match(await latchkey(service, args, { input: 'y\n' }), { code: 2, out: '', err: `${sentence} See latchkey --help.\n` }, args)
  }
  t.match(await latchkey(service, 'sessions revoke --all', { terminal: true, unseen: true, input: 'y\r' }), { code: 2, out: '', err: /Pass --yes/ }, 'nor where nobody sees the question')
  t.match((await latchkey(service, 'users list --json')).json(), [{ email: 'grace@example.com', disabledAt: null }])
})

t.test('a fresh secret each time, long enough for SESSION_SECRET, whatever the settings are', async t => {
  const service = await openService(t)
  const settings = () => { throw new Error('the settings are not needed') }
  const [one, other] = [await latchkey(service, 'secret', { settings }), await latchkey(service, 'secret', { settings })]
  t.match(one, { code: 0, err: '', out: /^[\w-]{43}\n$/ })
  t.not(one.out, other.out)
  t.match((await latchkey(service, 'secret --json')).json(), { secret: /^[\w-]{43}$/ })
})

t.test('what fails is told in one sentence, without a stack', async t => {
  const service = await openService(t)
  const withError = (error: Error) => latchkey(service, 'users list', { settings: () => { throw error } })
  t.match(await withError(new SettingError('PORT was given "x", but it takes a number.')), { code: 1, out: '', err: 'PORT was given "x", but it takes a number.\n' })
  t.match(await withError(new TypeError('redis://:hunter2@redis')), { code: 1, out: '', err: 'Something went wrong inside (TypeError).\n' })
  t.match(await withError(Object.assign(new Error('hunter2'), { code: 'EIO' })), { code: 1, out: '', err: 'Something went wrong inside (EIO).\n' })
})

t.test('a database that is not there, or is none, is said so and left alone', async t => {
  const service = await openService(t)
  const folder = join(service.folder, 'elsewhere')
  mkdirSync(folder)
  writeFileSync(join(folder, 'letter'), 'Dear Ada, this is a letter and no database. '.repeat(50))
  const at = (sqlitePath: string) => latchkey(service, 'users list', { settings: () => ({ ...service.app.config, sqlitePath }) })
  t.match(await at(join(folder, 'nothing')), { code: 1, out: '', err: `DATABASE_URL or DATA_DIR leads to ${join(folder, 'nothing')}, where there is no database yet: the service makes it when it first starts.\n` })
  t.match(await at(join(folder, 'letter')), { code: 1, out: '', err: `DATABASE_URL or DATA_DIR leads to ${join(folder, 'letter')}, which cannot be opened as a database (SQLITE_NOTADB).\n` })
})

t.test('a server that does not answer is said so, and the command ends', async t => {
  const service = await openService(t)
  const port = await freePort()
  const at = (postgresUrl: string) => ({ settings: () => ({ ...service.app.config, postgresUrl }) })
  for (const command of ['users list', 'stats', 'sessions purge']) {
    const { code, out, err } = await latchkey(service, command, at(`postgres://latchkey:hunter2@127.0.0.1:${port}/latchkey`))
    t.match({ code, out, err }, { code: 1, out: '', err: /(Accounts|Sessions) cannot be read right now\.\n$/ })
  }
  const unusable = await latchkey(service, 'users list', at(`postgres://latchkey:hunter2%ff@127.0.0.1:${port}/latchkey`))
  t.strictSame(unusable, { ...unusable, code: 1, out: '', err: 'DATABASE_URL is a postgres:// address that cannot be used (URIError).\n' })
})

t.test('a database that another program keeps for itself changes nothing', async t => {
  const service = await openService(t)
  const laptop = service.browser()
  await laptop.signUp()
  sqliteIn(service.app).exec('begin immediate')
  t.match(await latchkey(service, 'users disable grace@example.com'), { code: 1, out: '', err: 'Accounts cannot be read right now.\n' })
  sqliteIn(service.app).exec('rollback')
  t.ok(await laptop.isLoggedIn())
})

t.test('output that cannot be written', async t => {
  const service = await openService(t)
  t.match(await latchkey(service, 'stats', { broken: 'ENOSPC' }), { code: 1, err: 'The output could not be written (ENOSPC).\n' })
  t.match(await latchkey(service, 'stats', { broken: 'EPIPE' }), { code: 0, err: '' }, 'nobody reads it any more: no failure')
})
