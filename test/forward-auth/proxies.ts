import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'
import { packageRoot } from '../../src/config/package-root.ts'
import { find } from '../provision.js'
import { selfSigned } from '../self-signed.ts'

export const configurations = join(packageRoot, 'docs/forward-auth')

/** Where the three are, in a test. */
export interface Ports {
  proxy: number
  latchkey: number
  application: number
}

interface Program {
  files: string[]
  /** What a test says differently than the file. Each has to be there. */
  changes (ports: Ports, folder: string): Record<string, string>
  /** What a test runs it with, in the folder where its files are. */
  command (ports: Ports, folder: string): string[]
}

const upstreams = ({ latchkey, application }: Ports) => ({ '127.0.0.1:3000': `127.0.0.1:${latchkey}`, '127.0.0.1:8080': `127.0.0.1:${application}` })

const programs: Record<string, Program> = {
  nginx: {
    files: ['nginx.conf'],
    changes: (ports, folder) => ({ ...upstreams(ports), 'listen 443': `listen 127.0.0.1:${ports.proxy}`, '/etc/ssl/': `${folder}/` }),
    command: (_ports, folder) => {
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder}/${name};`)
      writeFileSync(join(folder, 'main.conf'), `daemon off; master_process off; pid ${folder}/pid; error_log stderr; events {} http { access_log off; ${temporary.join(' ')} include ${folder}/nginx.conf; }`)
      return ['nginx', '-p', folder, '-e', 'stderr', '-c', join(folder, 'main.conf')]
    }
  },
  caddy: {
    files: ['Caddyfile'],
    changes: (ports, folder) => ({ ...upstreams(ports), '/etc/ssl/': `${folder}/` }),
    command: ({ proxy }, folder) => {
      const path = join(folder, 'Caddyfile')
      writeFileSync(path, `{\n admin off\n auto_https disable_redirects\n default_bind 127.0.0.1\n https_port ${proxy}\n storage file_system ${folder}/storage\n}\n${readFileSync(path, 'utf8')}`)
      return ['caddy', 'run', '--adapter', 'caddyfile', '--config', path]
    }
  },
  haproxy: {
    files: ['haproxy.cfg', 'latchkey.lua'],
    changes: (ports, folder) => ({ ...upstreams(ports), 'bind :443': `bind 127.0.0.1:${ports.proxy}`, '/etc/ssl/': `${folder}/`, '/etc/haproxy/latchkey.lua': `${folder}/latchkey.lua` }),
    command: (_ports, folder) => ['haproxy', '-db', '-f', join(folder, 'haproxy.cfg')]
  }
}

export const proxyNames = Object.keys(programs)

/** The program itself, with the files that docs/forward-auth.md shows, between https on one side and Latchkey and an application on the other. */
export async function startProxy (t: Test, name: string, ports: Ports): Promise<void> {
  const { files, changes, command } = programs[name]!
  // Not the test's own, which holds the database.
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-proxy-'))
  writeCertificate(folder)
  copyChanged(files, folder, changes(ports, folder))
  const [program, ...args] = command(ports, folder)
  const child = spawn(find(program!), args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder } })
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', piece => said.push(String(piece)))
  const kill = () => { child.kill('SIGKILL') }
  // A test run that is broken off does not come to its teardowns.
  process.once('exit', kill)
  t.teardown(async () => {
    process.off('exit', kill)
    kill()
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    rmSync(folder, { recursive: true })
  })
  await listening(ports.proxy, child, said)
}

function writeCertificate (folder: string): void {
  const { cert, key } = selfSigned()
  writeFileSync(join(folder, 'example.com.pem'), cert)
  writeFileSync(join(folder, 'example.com.key'), key)
  writeFileSync(join(folder, 'example.com-with-key.pem'), cert + key)
}

function copyChanged (files: string[], folder: string, changes: Record<string, string>): void {
  const texts = files.map(file => readFileSync(join(configurations, file), 'utf8'))
  for (const shown of Object.keys(changes)) if (!texts.some(text => text.includes(shown))) throw new Error(`${files.join()} should say ${shown}`)
  files.forEach((file, at) => {
    const changed = Object.entries(changes).reduce((text, [shown, here]) => text.replaceAll(shown, here), texts[at]!)
    writeFileSync(join(folder, file), changed)
  })
}

async function listening (port: number, child: ChildProcess, said: string[]): Promise<void> {
  while (child.exitCode === null) {
    const socket = connect(port, '127.0.0.1')
    const isUp = await once(socket, 'connect').then(() => true, () => false)
    socket.destroy()
    if (isUp) return
    await pause(20)
  }
  throw new Error(`it did not start: ${said.join('')}`)
}
