import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { commands } from '../../src/cli/commands.ts'
import { SettingError } from '../../src/config.ts'
import { freePort } from '../free-port.ts'
import { openService, sqliteIn } from '../helper.ts'
import { latchkey } from './shell.ts'

t.test('help for the command, each group and each subcommand, readable at 80 columns', async t => {
  const service = await openService(t)
  const all = await latchkey(service, '--help')
  for (const asked of ['-h', 'help', 'nonsense --help']) t.equal((await latchkey(service, asked)).out, all.out)
  for (const [name, { takes }] of commands) {
    t.match(all.out, `\n  latchkey ${name}`)
    const one = await latchkey(service, `${name} --help`)
    t.match(one, { code: 0, err: '' }, name)
    t.ok(one.out.startsWith(`Usage: latchkey ${name} ${takes}`.trimEnd()), name)
    t.ok(one.out.split('\n').every(line => line.length <= 80), name)
  }
  t.ok(all.out.split('\n').every(line => line.length <= 80))
  const group = await latchkey(service, 'users --help')
  t.match(group.out, 'latchkey users list')
  t.notMatch(group.out, 'latchkey sessions list')
})

t.test('what cannot be meant ends with 2, one sentence and nothing done', async t => {
  const service = await openService(t)
  await service.browser().signUp()
  const wrong: Record<string, string> = {
    '': 'What is to be done?',
    nonsense: 'There is no such command.',
    users: 'There is no such command.',
    'users nonsense': 'There is no such command.',
    'users show': 'Something is missing.',
    'users show one two': 'That is one word too many.',
    'users set-password grace@example.com hunter2': 'That is one word too many.',
    'users set-password grace@example.com --password=hunter2': "Unknown option '--password'.",
    'users list --yes': "Unknown option '--yes'.",
    'users list --json=hunter2': "Option '--json' does not take an argument.",
    'stats more': 'That is one word too many.',
    'sessions list': 'Whose sessions? Say --user and their email or id.',
    'sessions list --user': "Option '--user <value>' argument missing.",
    'sessions list --user a@example.com --user b@example.com': 'One --user at a time.',
    'sessions revoke': 'Which sessions? Say one of these: a handle, --user, --all.',
    'sessions revoke --all --user grace@example.com': 'Which sessions? Say one of these: a handle, --user, --all.',
    'sessions revoke handle --all': 'Which sessions? Say one of these: a handle, --user, --all.',
    'users delete grace@example.com': 'This cannot be undone and nobody can be asked here: say --yes.',
    'sessions revoke --user grace@example.com': 'This cannot be undone and nobody can be asked here: say --yes.',
    'sessions revoke --all': 'This cannot be undone and nobody can be asked here: say --yes.'
  }
  for (const [args, sentence] of Object.entries(wrong)) {
    t.match(await latchkey(service, args, { input: 'y\n' }), { code: 2, out: '', err: `${sentence} See latchkey --help.\n` }, args)
  }
  t.match(await latchkey(service, 'sessions revoke --all', { terminal: true, unseen: true, input: 'y\r' }), { code: 2, out: '', err: /nobody can be asked here/ }, 'nor where nobody sees the question')
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
