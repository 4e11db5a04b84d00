import t from 'tap'
import { deviceLabel } from '../../src/identity/device-label.ts'

const labels = {
  'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0': 'Firefox on Linux',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36 Edg/139.0.0.0': 'Microsoft Edge on Windows',
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile Safari/537.36': 'Chrome on Android',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1': 'Safari on iOS',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15': 'Safari on macOS',
  'curl/8.5.0': 'Unknown device',
  __proto__: 'Unknown device',
  ' ': 'Unknown device',
  '': 'Unknown device'
}

t.test('a device is called as people call it', async t => {
  for (const [userAgent, label] of Object.entries(labels)) t.equal(deviceLabel(userAgent), label, userAgent)
  t.equal(deviceLabel(undefined), 'Unknown device')
})

t.test('whatever is sent, it is read as far as a browser writes, and the label is short', async t => {
  t.equal(deviceLabel(`${'W'.repeat(300)}/1.0 x`), 'W'.repeat(60))
  t.equal(deviceLabel(`${' '.repeat(512)}Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0`), 'Unknown device')
  const hostile = ['a', '/', '(', ')', ' ', 'Mozilla/5.0 (', 'Version/1 ', '\t', 'é'].map(part => part.repeat(16_000 / part.length))
  for (const userAgent of hostile) t.ok(deviceLabel(userAgent).length <= 60, userAgent.slice(0, 20))
})
