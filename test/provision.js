import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/*
 * What the tests and the audit need beyond npm. A missing program is installed where that is possible without asking
 * (root on Debian), and each command is printed before it runs; elsewhere the run stops with the one line to type.
 * No test is ever skipped for want of a program.
 */

const quick = [
  { commands: ['redis-server'], debian: 'redis-server', brew: 'redis' },
  // PostgreSQL's programs lie together: initdb shows where. Debian keeps them out of the PATH, a folder for each version.
  { commands: ['initdb'], folders: binariesOfDebian, debian: 'postgresql', brew: 'postgresql' }
]
const slow = [
  ...quick,
  { commands: ['openssl'], debian: 'openssl', brew: 'openssl' },
  { commands: ['faketime'], debian: 'faketime', brew: 'libfaketime' },
  { commands: ['nginx'], debian: 'nginx', brew: 'nginx' },
  { commands: ['caddy'], debian: 'caddy', brew: 'caddy' },
  { commands: ['haproxy'], debian: 'haproxy', brew: 'haproxy' },
  {
    commands: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'],
    debian: 'chromium',
    brew: 'google-chrome'
  }
]
const audit = ['ffuf', 'slowhttptest', 'sqlmap', 'wapiti'].map(name => ({ commands: [name], debian: name }))
const groups = { quick, slow, audit }
const names = { quick: 'quick tests', slow: 'slow tests', audit: 'audit' }

/** What Debian asks before it starts a service, with systemd and without: 101 says no. */
const SERVICE_POLICY = '/usr/sbin/policy-rc.d'

/** The path of a program of the tables above, by its first name. Throws when it is missing: a test must fail, not be skipped. */
export function find (command) {
  const need = [...slow, ...audit].find(need => need.commands[0] === command)
  const path = need && locate(need)
  if (!path) throw new Error(`${command} is missing: node test/provision.js ${audit.includes(need) ? 'audit' : 'slow'} installs it`)
  return path
}

function locate (need) {
  // Also where Debian puts servers, and not everybody looks.
  const folders = [...need.folders?.() ?? [], ...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
  return need.commands.flatMap(command => folders.map(folder => resolve(folder, command))).find(isExecutable)
}

function binariesOfDebian () {
  const folder = '/usr/lib/postgresql'
  return existsSync(folder) ? readdirSync(folder).toSorted().reverse().map(version => join(folder, version, 'bin')) : []
}

function isExecutable (path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** @param whose needs: those of the quick tests, of all tests, or of the audit */
function provision (whose) {
  const needs = groups[whose]
  const missing = needs.filter(need => !locate(need))
  if (missing.length === 0) return

  if (process.getuid?.() === 0 && hasAptGet()) {
    console.log(`Missing for the ${names[whose]}: ${namesOf(missing)}. As root:`)
    withoutServices(() => install(missing.map(need => need.debian)))
  }

  const stillMissing = missing.filter(need => !locate(need))
  if (stillMissing.length > 0) stop(whose, stillMissing)
}

function hasAptGet () {
  return locate({ commands: ['apt-get'] }) !== undefined
}

/** The tests start their own Redis and proxies: none shall be left running by the install. A policy that is there stays. */
function withoutServices (installing) {
  const isOurs = !existsSync(SERVICE_POLICY)
  if (isOurs) write(SERVICE_POLICY, '#!/bin/sh\nexit 101\n', 0o755)
  try {
    installing()
  } finally {
    if (isOurs) remove(SERVICE_POLICY)
  }
}

function install (packages) {
  if (packages.includes('postgresql')) makeNoCluster()
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const wait = ['-o', 'DPkg::Lock::Timeout=300']
  for (const args of [['update'], ['install', '--yes', '--no-install-recommends', ...packages]]) {
    announce(['apt-get', ...wait, ...args].join(' '))
    const { status } = spawnSync('apt-get', [...wait, ...args], { env, stdio: ['ignore', 'inherit', 'inherit'] })
    if (status !== 0) return
  }
}

/** Else Debian's PostgreSQL would come with a database of its own, and start it with the machine. */
function makeNoCluster () {
  const file = '/etc/postgresql-common/createcluster.conf'
  if (existsSync(file)) return
  announce(`mkdir -p ${dirname(file)}`)
  mkdirSync(dirname(file), { recursive: true })
  write(file, 'create_main_cluster = false\n', 0o644)
}

function write (file, text, mode) {
  announce(`printf ${JSON.stringify(text)} > ${file} && chmod ${mode.toString(8)} ${file}`)
  writeFileSync(file, text, { mode })
}

function remove (file) {
  announce(`rm ${file}`)
  rmSync(file)
}

function announce (command) {
  console.log(`+ ${command}`)
}

function stop (whose, missing) {
  console.error(`Missing for the ${names[whose]}: ${namesOf(missing)}. ${toType(missing)}`)
  process.exitCode = 1
}

function namesOf (needs) {
  return needs.map(need => need.commands[0]).join(' and ')
}

function toType (missing) {
  if (process.platform === 'darwin' && missing.every(need => need.brew)) return `Type: brew install ${missing.map(need => need.brew).join(' ')}`
  if (hasAptGet()) return `Type: sudo apt-get install ${missing.map(need => need.debian).join(' ')}`
  return 'Please install what is missing.'
}

if (process.argv[1] && fileURLToPath(import.meta.url) === realpathSync(process.argv[1])) provision(process.argv[2] ?? 'slow')
