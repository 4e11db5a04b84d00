import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/*
 * What the tests need beyond npm. A missing program is brought where that is possible without asking (root on Debian);
 * elsewhere the run stops with the one line to type. No test is ever skipped for want of a program.
 */

const needs = [
  { commands: ['redis-server'], debian: 'redis-server', brew: 'redis' },
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

/** What Debian asks before it starts a service, with systemd and without: 101 says no. */
const SERVICE_POLICY = '/usr/sbin/policy-rc.d'

/** The path of a program of the table above, by its first name. Throws when it is missing: a test must fail, not be skipped. */
export function find (command) {
  const need = needs.find(need => need.commands[0] === command)
  const path = need && locate(need)
  if (!path) throw new Error(`${command} is missing: run npm test, or node test/provision.js, first`)
  return path
}

function locate (need) {
  // Where Debian puts servers, and not everybody looks.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
  return need.commands.flatMap(command => folders.map(folder => resolve(folder, command))).find(isExecutable)
}

function isExecutable (path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function provision () {
  const missing = needs.filter(need => !locate(need))
  if (missing.length === 0) return

  if (process.getuid?.() === 0 && hasAptGet()) withoutServices(() => install(missing.map(need => need.debian)))

  const stillMissing = missing.filter(need => !locate(need))
  if (stillMissing.length > 0) stop(stillMissing)
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

function install (packages) {
  console.log(`The tests need ${packages.join(' and ')}: installing with apt-get`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const wait = ['-o', 'DPkg::Lock::Timeout=300']
  for (const args of [['update'], ['install', '--yes', '--no-install-recommends', ...packages]]) {
    const { status } = spawnSync('apt-get', [...wait, ...args], { env, stdio: ['ignore', 'inherit', 'inherit'] })
    if (status !== 0) return
  }
}

function stop (missing) {
  const names = missing.map(need => need.commands[0]).join(' and ')
  console.error(`The tests need ${names}. ${toType(missing)}`)
  process.exitCode = 1
}

function toType (missing) {
  if (process.platform === 'darwin') return `Type: brew install ${missing.map(need => need.brew).join(' ')}`
  if (hasAptGet()) return `Type: sudo apt-get install ${missing.map(need => need.debian).join(' ')}`
  return 'Please install what is missing.'
}

if (process.argv[1] && fileURLToPath(import.meta.url) === realpathSync(process.argv[1])) provision()
