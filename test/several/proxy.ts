import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../../src/config/package-root.ts'
import { freePort } from '../free-port.ts'
import { find } from '../provision.js'
import type { Teardown } from '../teardown.ts'
import { until } from '../until.ts'

const SHOWN_SERVER = /10\.0\.0\.1(\d):3000/

interface Program {
  file: string
  /** What is said otherwise here than in the file. Each has to be there. */
  changes (port: number): Record<string, string>
  command (folder: string): string[]
}

const programs = {
  nginx: {
    file: 'nginx.conf',
    changes: port => ({ 'listen 443 ssl': `listen 127.0.0.1:${port}`, 'ssl_certificate     /etc/ssl/example.com.pem;': '', 'ssl_certificate_key /etc/ssl/example.com.key;': '' }),
    command: folder => {
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder}/${name};`)
      writeFileSync(join(folder, 'main.conf'), `daemon off; master_process off; pid ${folder}/pid; error_log /dev/null; events { worker_connections 4096; } http { access_log off; ${temporary.join(' ')} include ${folder}/nginx.conf; }`)
      return ['-p', folder, '-e', 'stderr', '-c', join(folder, 'main.conf')]
    }
  },
  haproxy: {
    file: 'haproxy.cfg',
    changes: port => ({ 'bind :443 ssl crt /etc/ssl/example.com-with-key.pem': `bind 127.0.0.1:${port}` }),
    command: folder => ['-db', '-q', '-f', join(folder, 'haproxy.cfg')]
  }
} satisfies Record<string, Program>

export type ProxyName = keyof typeof programs
export const proxyNames = Object.keys(programs) as ProxyName[]

/** The program itself, with the file of docs/several, in front of the services at these ports. @returns its address */
export async function startProxy (t: Teardown, name: ProxyName, servicePorts: number[]): Promise<string> {
  const { file, changes, command }: Program = programs[name]
  const folder = mkdtempSync(join(tmpdir(), `latchkey-${name}-`))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const port = await freePort()
  writeFileSync(join(folder, file), changed(readFileSync(join(packageRoot, 'docs/several', file), 'utf8'), changes(port), servicePorts))
  const child = spawn(find(name), command(folder), { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  // A run that is broken off does not come to its teardowns.
  const kill = () => { child.kill('SIGKILL') }
  process.once('exit', kill)
  t.teardown(async () => {
    process.off('exit', kill)
    kill()
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  await until(`${name} to listen`, async () => child.exitCode !== null || await isListening(port), { everyMs: 20 })
  if (child.exitCode !== null) throw new Error(`${name} did not start`)
  return `http://127.0.0.1:${port}`
}

/** The servers of the file are those at the ports; where there are fewer, the others are left out. */
function changed (text: string, changes: Record<string, string>, ports: number[]): string {
  for (const shown of Object.keys(changes)) if (!text.includes(shown)) throw new Error(`The file should say ${shown}`)
  const here = Object.entries(changes).reduce((text, [shown, here]) => text.replaceAll(shown, here), text)
  return here.split('\n').flatMap(line => {
    const [shown, number] = SHOWN_SERVER.exec(line) ?? []
    if (shown === undefined) return [line]
    const port = ports[Number(number) - 1]
    return port === undefined ? [] : [line.replace(shown, `127.0.0.1:${port}`)]
  }).join('\n')
}

async function isListening (port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const isUp = await once(socket, 'connect').then(() => true, () => false)
  socket.destroy()
  return isUp
}
