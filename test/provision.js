import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/*
 * What the tests and the audit need beyond npm. A missing program is brought where that is possible without asking
 * (root on Debian); elsewhere the run stops with the one line to type. No test is ever skipped for want of a program.
 */

const tests = [
  { commands: ['redis-server'], debian: 'redis-server', brew: 'redis' },
  { commands: ['openssl'], debian: 'openssl', brew: 'openssl' },
  { commands: ['faketime'], debian: 'faketime', brew: 'libfaketime' },
  // PostgreSQL's programs lie together: initdb shows where. Debian keeps them out of the PATH, a folder for each version.
  { commands: ['initdb'], folders: binariesOfDebian, debian: 'postgresql', brew: 'postgresql' },
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
const groups = { tests, audit }

/** What Debian asks before it starts a service, with systemd and without: 101 says no. */
const SERVICE_POLICY = '/usr/sbin/policy-rc.d'

/** The path of a program of the tables above, by its first name. Throws when it is missing: a test must fail, not be skipped. */
export function find (command) {
  const need = [...tests, ...audit].find(need => need.commands[0] === command)
  const path = need && locate(need)
  if (!path) throw new Error(`${command} is missing: node test/provision.js ${audit.includes(need) ? 'audit' : 'tests'} brings it`)
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

/** @param whose needs: those of the tests, or of the audit */
function provision (whose) {
  const needs = groups[whose]
  const missing = needs.filter(need => !locate(need))
  if (missing.length === 0) return

  if (process.getuid?.() === 0 && hasAptGet()) withoutServices(() => install(whose, missing.map(need => need.debian)))

  const stillMissing = missing.filter(need => !locate(need))
  if (stillMissing.length > 0) stop(whose, stillMissing)
}

function hasAptGet () {
  return locate({ commands: ['apt-get'] }) !== undefined
}

/** The tests start their own Redis and proxies: none shall be left running by the install. A policy that is there stays. */
function withoutServices (installing) {
  const isOurs = !existsSync(SERVICE_POLICY)
  if (isOurs) writeFileSync(SERVICE_POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    installing()
  } finally {
    if (isOurs) rmSync(SERVICE_POLICY)
  }
}

function install (whose, packages) {
  console.log(`Needed for the ${whose}: ${packages.join(' and ')}, which apt-get installs now`)
  if (packages.includes('postgresql')) makeNoCluster()
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const wait = ['-o', 'DPkg::Lock::Timeout=300']
  for (const args of [['update'], ['install', '--yes', '--no-install-recommends', ...packages]]) {
    const { status } = spawnSync('apt-get', [...wait, ...args], { env, stdio: ['ignore', 'inherit', 'inherit'] })
    if (status !== 0) return
  }
}

/** Else Debian's PostgreSQL would come with a database of its own, and start it with the machine. */
function makeNoCluster () {
  const file = '/etc/postgresql-common/createcluster.conf'
  if (existsSync(file)) return
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, 'create_main_cluster = false\n')
}

function stop (whose, missing) {
  const names = missing.map(need => need.commands[0]).join(' and ')
  console.error(`Needed for the ${whose}: ${names}. ${toType(missing)}`)
  process.exitCode = 1
}

function toType (missing) {
  if (process.platform === 'darwin' && missing.every(need => need.brew)) return `Type: brew install ${missing.map(need => need.brew).join(' ')}`
  if (hasAptGet()) return `Type: sudo apt-get install ${missing.map(need => need.debian).join(' ')}`
  return 'Please install what is missing.'
}

if (process.argv[1] && fileURLToPath(import.meta.url) === realpathSync(process.argv[1])) provision(process.argv[2] ?? 'tests')
