import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import { Hono } from 'hono'
import type { Test } from 'tap'
import { freePort } from '../free-port.ts'
import { find } from '../provision.js'
import type { Application } from './application.ts'

/*
 * Applications as people write them, each with its own way of reading a path. They answer with the part of theirs that
 * was asked for: public, admin, or other.
 */

export const realApplications: Record<string, (t: Test) => Promise<Application>> = {
  nginx: startNginx,
  hono: t => listen(t, createServer(getRequestListener(hono().fetch))),
  'fetch api': t => listen(t, createServer(getRequestListener(request => new Response(partOf(new URL(request.url).pathname))))),
  express: t => listen(t, createServer(expressApplication())),
  'one that reads a path in every way': t => listen(t, createServer((request, response) => { response.end(worstPartOf(request.url!.split('?')[0]!)) }))
}

function hono (): Hono {
  const app = new Hono()
  for (const part of ['public', 'admin']) for (const path of [`/${part}`, `/${part}/*`]) app.all(path, context => context.text(part))
  app.all('*', context => context.text('other'))
  return app
}

function expressApplication () {
  const app = express()
  for (const part of ['public', 'admin']) app.use(`/${part}`, (_request, response) => { response.send(part) })
  app.use((_request, response) => { response.send('other') })
  return app
}

const readings: Array<(path: string) => string> = [
  path => resolved(path),
  path => resolved(decoded(path)),
  path => resolved(decoded(decoded(path))),
  path => decoded(resolved(path)),
  path => new URL(`http://x${resolved(path)}`).pathname,
  path => resolved(decoded(path).split(/[\0?#]/)[0]!),
  path => resolved(decoded(path).replace(/;[^/]*/g, '')),
  path => resolved(decoded(path.replace(/;[^/]*/g, ''))),
  path => resolved(decoded(path).replaceAll('\\', '/')),
  path => resolved(decoded(path)).normalize('NFKC').toUpperCase().toLowerCase(),
  path => resolved(decoded(path).normalize('NFKC')).split('/').map(segment => segment.replace(/[. ]+$/, '')).join('/')
]

/** Of the parts that different programs would serve, the one that fewest people may see. */
function worstPartOf (path: string): string {
  const parts = readings.map(read => partOf(read(path)))
  return ['admin', 'other'].find(part => parts.includes(part)) ?? 'public'
}

function partOf (path: string): string {
  return /^\/(public|admin)(?:\/|$)/.exec(path)?.[1] ?? 'other'
}

function decoded (path: string): string {
  return path.replace(/(?:%[0-9a-f]{2})+/gi, run => Buffer.from(run.replaceAll('%', ''), 'hex').toString())
}

function resolved (path: string): string {
  const segments: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '.' && segment !== '') segments.push(segment)
  }
  return `/${segments.join('/')}`
}

async function listen (t: Test, server: Server): Promise<Application> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close(); server.closeAllConnections() })
  return { port: (server.address() as AddressInfo).port, got: [] }
}

async function startNginx (t: Test): Promise<Application> {
  const [port, folder] = [await freePort(), mkdtempSync(join(tmpdir(), 'latchkey-nginx-'))]
  const parts = ['public', 'admin'].map(part => `location = /${part} { return 200 ${part}; } location /${part}/ { return 200 ${part}; }`)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder}/${name};`)
  writeFileSync(join(folder, 'nginx.conf'), `daemon off; master_process off; pid ${folder}/pid; error_log stderr; events {}
    http { access_log off; ${temporary.join(' ')} server { listen 127.0.0.1:${port}; ${parts.join(' ')} location / { return 200 other; } } }`)
  const child = spawn(find('nginx'), ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
    rmSync(folder, { recursive: true })
  })
  while (!await isListening(port)) await pause(20)
  return { port, got: [] }
}

async function isListening (port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const isUp = await once(socket, 'connect').then(() => true, () => false)
  socket.destroy()
  return isUp
}
