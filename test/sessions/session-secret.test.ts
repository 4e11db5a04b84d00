import { spawn } from 'node:child_process'
import { readFileSync, readdirSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { SettingError } from '../../src/errors.ts'
import { keptSecret } from '../../src/sessions/session-secret.ts'

const chosen = 'chosen by an operator with some care'

t.test('the secret is made once, for its owner alone, and kept', async t => {
  const folder = join(t.testdir(), 'not', 'there yet')
  const secret = keptSecret(folder)
  t.match(secret, /^[\w-]{43}$/, '256 bits')
  t.equal(statSync(join(folder, 'session-secret')).mode & 0o777, 0o600)
  t.equal(statSync(folder).mode & 0o777, 0o700)
  t.equal(keptSecret(folder), secret)
  t.strictSame(readdirSync(folder), ['session-secret'], 'no draft is left behind')
})

t.test('two services have two secrets', async t => {
  const folder = t.testdir()
  t.not(keptSecret(join(folder, 'one')), keptSecret(join(folder, 'two')))
})

t.test('a secret that an operator put there is taken, without the line end', async t => {
  const folder = t.testdir({ 'session-secret': `${chosen}\r\n` })
  t.equal(keptSecret(folder), chosen)
})

t.test('a secret that is too short, or can be guessed, is refused in one sentence that does not show it, and is left as it was', async t => {
  const files = { empty: '', blank: `${' '.repeat(40)}\n`, short: 'hunter2hunter2hunter2hunter2hun', guessable: 'hunter2'.repeat(8) }
  const folder = t.testdir(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, { 'session-secret': text }])))
  for (const [name, text] of Object.entries(files)) {
    const sentence = sentenceFor(join(folder, name))
    t.match(sentence, /^DATA_DIR holds a session-secret of \d+ characters, but it takes at least 32 characters, 10 of them distinct; remove the file to have a new one made\.$/, name)
    t.notMatch(sentence, /hunter2/)
    t.equal(readFileSync(join(folder, name, 'session-secret'), 'utf8'), text)
  }
})

t.test('a folder that cannot be used stops the start, and no secret is made in its place', async t => {
  const folder = t.testdir({ file: 'I am no folder', taken: { 'session-secret': {} } })
  for (const place of ['file', 'file/below', 'taken']) {
    t.throws(() => keptSecret(join(folder, place)), { message: /^DATA_DIR leads to .*, where a session-secret cannot be kept \(E[A-Z]+\)\.$/ }, place)
  }
  t.strictSame(readdirSync(join(folder, 'taken')), ['session-secret'])
})

t.test('processes that start at once agree on one secret', async t => {
  const folder = join(t.testdir(), 'data')
  const secrets = await Promise.all(Array.from({ length: 4 }, () => secretInAnotherProcess(folder)))
  t.match(secrets[0], /^[\w-]{43}$/)
  t.equal(new Set(secrets).size, 1)
  t.strictSame(readdirSync(folder), ['session-secret'])
})

async function secretInAnotherProcess (folder: string): Promise<string> {
  const module = pathToFileURL('src/sessions/session-secret.ts').href
  const code = `import { keptSecret } from '${module}'; console.log(keptSecret(process.argv[1]))`
  // Without the variables of the test run: what this process covers, compiled in another way, would be counted at the wrong lines.
  const child = spawn(process.execPath, ['--import=tsx', '--input-type=module', '--eval', code, folder], { env: { PATH: process.env.PATH }, stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  for await (const chunk of child.stdout) said += chunk
  return said.trim()
}

/** The sentence that stops the start. */
function sentenceFor (folder: string): string {
  try {
    return keptSecret(folder)
  } catch (error) {
    if (error instanceof SettingError) return error.message
    throw error
  }
}

t.test('a place that is taken by something else is not written over', async t => {
  const folder = t.testdir()
  symlinkSync('nowhere', join(folder, 'session-secret'))
  t.throws(() => keptSecret(folder), { message: /where a session-secret cannot be kept \(ENOENT\)/ })
})
