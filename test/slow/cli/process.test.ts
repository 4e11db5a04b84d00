import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createUser } from '../../create-user.ts'
import { packageRoot } from '../../../src/config/package-root.ts'
import { onSqliteAndRedis } from '../../every-store.ts'
import { grace, openService, sqliteIn } from '../../helper.ts'

/*
 * The command as people start it, built, as a process of its own; on a terminal where it matters.
 */

const program = join(packageRoot, 'bin', 'latchkey.js')
const password = 'compilers were said to be impossible'

type Settings = Record<string, string>

/** A service, and the settings that lead a process to its stores. */
async function openBeside (t: Test, given: Settings | Promise<Settings> = {}) {
  const settings = await given
  const service = await openService(t, settings)
  return { service, environment: { DATA_DIR: join(service.folder, 'data'), ...settings } }
}

/** From another working directory, as it has to behave the same there. */
function start (t: Test, environment: Settings, command: string, args: string[], stdio: StdioOptions = 'pipe'): ChildProcess {
  // Without tap's own hooks: this is the command as people start it.
  const { NODE_OPTIONS: _hooks, ...inherited } = process.env
  const child = spawn(command, args, { cwd: '/', env: { ...inherited, ...environment }, stdio })
  t.teardown(() => { child.kill('SIGKILL') })
  return child
}

async function ended (child: ChildProcess, input?: string) {
  child.stdin?.end(input)
  const [out, err, [code]] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'close')])
  return { code, out, err }
}

/** On a real terminal of 80 columns: each line is typed when its prompt is there. */
async function onTerminal (t: Test, environment: Settings, args: string, typed: Array<[prompt: string, text: string]> = []) {
  const child = start(t, environment, 'script', ['-qec', `stty cols 80; exec node ${program} ${args}`, '/dev/null'])
  const closed = once(child, 'close')
  let shown = ''
  for await (const piece of child.stdout!) {
    shown += piece
    if (typed[0] && shown.includes(typed[0][0])) child.stdin!.write(typed.shift()![1])
  }
  const [code] = await closed
  return { code, shown }
}

async function textOf (stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = ''
  for await (const piece of stream ?? []) text += piece
  return text
}

t.test('a process of its own reaches the stores of the running service', t => onSqliteAndRedis(t, async (t, settings) => {
  const { service, environment } = await openBeside(t, settings())
  const [laptop, phone] = [service.browser(), service.browser()]
  await laptop.signUp()
  await phone.logIn()
  const latchkey = (args: string, input?: string) => ended(start(t, environment, process.execPath, [program, ...args.split(' ')]), input)

  t.match(await latchkey('sessions revoke --user grace@example.com'), { code: 2, out: '', err: /^This can't be undone/ })
  t.ok(await phone.isLoggedIn())
  t.strictSame(await latchkey('sessions revoke --user grace@example.com --yes'), { code: 0, out: 'grace@example.com is logged out everywhere, 2 sessions ended.\n', err: '' })
  t.notOk(await phone.isLoggedIn())

  await laptop.logIn()
  t.match(await latchkey('users set-password grace@example.com', `${password}\n`), { code: 0, err: '' })
  t.notOk(await laptop.isLoggedIn())
  t.equal((await laptop.logIn({ password })).status, 303)

  t.match(JSON.parse((await latchkey('users list --json')).out), [{ email: grace.email }])
  t.strictSame(await latchkey('users show nobody@example.com'), { code: 1, out: '', err: 'There is no user nobody@example.com.\n' })
  t.match(await latchkey('stats more'), { code: 2, out: '' })
}))

t.test('on a terminal a question is asked, and no is an answer', async t => {
  const { service, environment } = await openBeside(t)
  await service.browser().signUp()
  const no = await onTerminal(t, environment, 'users delete grace@example.com', [['[y/N]', 'n\r']])
  t.equal(no.code, 1)
  t.match(no.shown, 'Nothing was changed.')
  t.equal(await service.app.users.count(), 1)
  const interrupted = await onTerminal(t, environment, 'users delete grace@example.com', [['[y/N]', '\u0003']])
  t.match(interrupted, { code: 1, shown: 'Nothing was changed.' })
  const yes = await onTerminal(t, environment, 'users delete grace@example.com', [['[y/N]', 'y\r']])
  t.match(yes, { code: 0, shown: 'grace@example.com is deleted, 1 session ended.' })
  t.equal(await service.app.users.count(), 0)
})

t.test('on a terminal a password is typed unseen', async t => {
  const { service, environment } = await openBeside(t)
  const laptop = service.browser()
  await laptop.signUp()
  const { code, shown } = await onTerminal(t, environment, 'users set-password grace@example.com', [['New password: ', `${password}\r`], ['Repeat it: ', `${password}\r`]])
  t.equal(code, 0)
  t.notMatch(shown, 'compilers')
  t.equal((await laptop.logIn({ password })).status, 303)
})

t.test('on a terminal a long work tells how far it is, and lines fit', async t => {
  const { service, environment } = await openBeside(t)
  await service.browser().signUp({ ...grace, email: `${'x'.repeat(60)}@${'y'.repeat(60)}.example` })
  const list = await onTerminal(t, environment, 'users list')
  t.match(list, { code: 0, shown: /^x+… {2}Grace Hopper/m })
  t.ok(list.shown.split('\r\n').every(line => line.length <= 80))
  const revoked = await onTerminal(t, environment, 'sessions revoke --all --yes')
  t.match(revoked, { code: 0, shown: '\r\u001b[KEnding sessions: user 1 of 1 …\r\u001b[K\r\u001b[KRemoving ended sessions: user 1 of 1 …\r\u001b[KEverybody is logged out' })
})

t.test('a reader that has seen enough is no failure, a full disk is one', async t => {
  const { service, environment } = await openBeside(t)
  const { transact } = service.app
  const sqlite = sqliteIn(service.app)
  sqlite.exec('begin')
  // More than a pipe holds.
  for (let at = 0; at < 1500; at++) await createUser(transact, { firstName: 'No'.repeat(30), email: `${at}@example.com` })
  sqlite.exec('commit')
  const piped = await ended(start(t, environment, 'bash', ['-c', `set -o pipefail; node ${program} users list | head -n 1`]))
  t.match(piped, { code: 0, out: /^EMAIL .*\n$/, err: '' })

  const full = openSync('/dev/full', 'w')
  t.strictSame(await ended(start(t, environment, process.execPath, [program, 'users', 'list'], ['ignore', full, 'pipe'])), { code: 1, out: '', err: 'The output could not be written (ENOSPC).\n' })
})
