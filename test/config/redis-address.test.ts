import t from 'tap'
import { redisAddress } from '../../src/config/redis-address.ts'

t.test('one server is what ioredis reads from its address', async t => {
  for (const url of ['redis://127.0.0.1:6379', 'rediss://user:word@redis.example.com:6380/1', 'redis://:word@[::1]']) t.strictSame(redisAddress(url), { kind: 'server', url })
})

t.test('sentinels and the name of their master', async t => {
  t.strictSame(redisAddress('redis+sentinel://h1:26380,h2,[::1]:80/my-master'), {
    kind: 'sentinel', nodes: [{ host: 'h1', port: 26_380 }, { host: 'h2', port: 26_379 }, { host: '::1', port: 80 }], master: 'my-master'
  })
})

t.test('nodes of a Cluster, with who asks, over TLS', async t => {
  const cluster = { kind: 'cluster', nodes: [{ host: 'h1', port: 6379 }], master: '' }
  t.strictSame(redisAddress('redis+cluster://h1'), cluster)
  t.strictSame(redisAddress('rediss+cluster://latchkey:p%40ss%3A@h1:6379'), { ...cluster, username: 'latchkey', password: 'p@ss:', tls: {} })
  t.strictSame(redisAddress('redis+cluster://:word@h1'), { ...cluster, password: 'word' })
})

t.test('Valkey is the same by another name', async t => {
  t.strictSame(redisAddress('valkey://:word@h1:6380/2'), { kind: 'server', url: 'redis://:word@h1:6380/2' })
  t.strictSame(redisAddress('valkeys://h1'), { kind: 'server', url: 'rediss://h1' })
  for (const kind of ['+sentinel://u:p@h1,h2:80/main', 's+sentinel://h1/main', '+cluster://h1', 's+cluster://:p@h1']) t.strictSame(redisAddress(`valkey${kind}`), redisAddress(`redis${kind}`))
})

t.test('TLS is TLS, however it is written', async t => {
  t.strictSame(redisAddress('REDISS://Word@h1'), { kind: 'server', url: 'rediss://Word@h1' })
  t.strictSame(redisAddress(' ValkeyS://h1'), { kind: 'server', url: 'rediss://h1' })
})

t.test('what is no address is none', async t => {
  const wrong = [
    'redis', 'http://h1', 'redis+sentinel://h1', 'redis+sentinel://h1/', 'redis+sentinel:///main', 'redis+sentinel://h1:x/main', 'redis+sentinel://h1:99999/main',
    'redis+cluster://', 'redis+cluster://h1/main', 'redis+cluster://h1:0', 'redis+cluster://h1,,h2', 'redis+cluster://h1 h2', 'redis+cluster://h1?x=1', 'redis+ring://h1', 'valkey', 'valkeyss://h1', 'valkey+ring://h1', 'REDISS+CLUSTER://h1', 'redis+cluster://%:%zz@h1'
  ]
  for (const url of wrong) t.equal(redisAddress(url), null, url)
})
