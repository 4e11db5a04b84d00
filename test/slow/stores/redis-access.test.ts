import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { packageRoot } from '../../../src/config/package-root.ts'
import { freePort } from '../../free-port.ts'
import { grace, openService, type Service } from '../../helper.ts'
import { startRedisCluster } from '../../redis-cluster.ts'
import { startRedisServer } from '../../redis-server.ts'
import { nodeStart, start, statusOf, submit } from '../../started-service.ts'

const secret = 'a secret that all machines share'
const page = readFileSync(join(packageRoot, 'docs/operations.md'), 'utf8')
const [, ...documented] = /^ACL (SETUSER .*)$/m.exec(page)![1]!.split(' ')
const inCluster = /In a Cluster add `(.*?)`/.exec(page)![1]!.split(' ')
const asAdded = (right: string) => right.startsWith('+')

function clientOf (t: Test, port: number): Redis {
  const client = new Redis(port, '127.0.0.1')
  t.teardown(() => client.disconnect())
  return client
}

/** All that the service ever asks of Redis. */
async function everything ({ app, browser }: Service): Promise<void> {
  const [laptop, phone] = [browser(), browser()]
  await laptop.get('/')
  await laptop.signUp()
  await phone.logIn()
  for (let guess = 1; guess <= 6; guess++) await browser().logIn({ password: 'not the password at all' })
  await laptop.get('/account/devices')
  await laptop.submit('/account/devices/revoke-others')
  await laptop.submit('/account/password', { current_password: grace.password, new_password: 'another long enough phrase' })
  await laptop.get('/health/ready')
  await app.rateLimits.sweep()
  const [session] = await app.sessions.listOf((await app.users.findByEmail(grace.email))!.id)
  await app.sessions.update(session!.handle, { set: {}, remove: ['draft'] })
  await laptop.logOut()
  if ((await laptop.logIn({ password: 'another long enough phrase' })).status !== 303) throw new Error('It did not work')
}

t.test('the rights that docs/operations.md names suffice, and each of them is needed', async t => {
  const server = await startRedisServer(t)
  const operator = clientOf(t, server.port)
  await operator.acl('SETUSER', ...documented as [string])
  await operator.config('RESETSTAT')
  await everything(await openService(t, { REDIS_URL: `redis://latchkey:password@127.0.0.1:${server.port}`, SESSION_SECRET: secret }))
  t.strictSame(await operator.acl('LOG'), [], 'nothing was denied')
  const used = [...(await operator.info('commandstats')).matchAll(/cmdstat_([\w|]+):/g)].map(([, name]) => `+${name}`)
  const anybodys = ['+hello', '+auth', '+quit', '+acl|log', '+config|resetstat']
  t.strictSame(used.filter(name => !anybodys.includes(name)).sort(), documented.filter(asAdded).sort())
  t.ok((await operator.keys('*')).every(key => key.startsWith('latchkey:')), 'no key is elsewhere')
})

t.test('in a Cluster they suffice with those that are named for it', async t => {
  const { nodes, url } = await startRedisCluster(t)
  for (const { client } of nodes) await client.acl('SETUSER', ...documented as [string], ...inCluster)
  const service = await openService(t, { REDIS_URL: url.replace('//', '//latchkey:password@'), SESSION_SECRET: secret })
  await everything(service)
  for (const { client } of nodes) t.strictSame(await client.acl('LOG'), [])
  t.equal(await nodes[0]!.client.acl('DRYRUN', 'latchkey', 'ASKING'), 'OK', 'also to follow a slot that moves')
})

/** An authority, and a certificate of its for 127.0.0.1. */
function certificates (folder: string) {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=an authority', '-days', '2')
  openssl('req', '-x509', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'redis.key', '-out', 'redis.pem', '-subj', '/CN=redis', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2')
  return { authority: join(folder, 'ca.pem'), certificate: join(folder, 'redis.pem'), key: join(folder, 'redis.key') }
}

t.test('over TLS a server is believed when its certificate is from an authority that Node knows, and only then', async t => {
  const folder = t.testdir({})
  const { authority, certificate, key } = certificates(folder)
  const tlsPort = await freePort()
  await startRedisServer(t, '--tls-port', String(tlsPort), '--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', authority, '--tls-auth-clients', 'no')
  const ready = async (settings: Record<string, string>) => {
    const port = await freePort()
    await start(t, { PORT: String(port), DATA_DIR: join(folder, 'data', String(port)), SESSION_SECRET: secret, REDIS_URL: `rediss://127.0.0.1:${tlsPort}`, ...settings }, nodeStart)
    return { port, status: await statusOf(port, '/health/ready') }
  }
  t.equal((await ready({})).status, 503)
  const trusting = await ready({ NODE_EXTRA_CA_CERTS: authority })
  t.equal(trusting.status, 200)
  t.match(await submit(trusting.port, '/signup', grace), { status: 303 })
})
