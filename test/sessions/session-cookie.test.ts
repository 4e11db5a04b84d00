import t from 'tap'
import { loadConfig } from '../../src/config/config.ts'
import { cookieDomains } from '../../src/sessions/session-cookie.ts'

t.test('a cookie can lie on the host alone, or on each domain above it', async t => {
  const places = (PUBLIC_URL: string) => cookieDomains(loadConfig({ PUBLIC_URL }, 'no.env'))
  t.strictSame(places('https://login.shop.example.com'), [undefined, 'login.shop.example.com', 'shop.example.com', 'example.com'])
  t.strictSame(places('http://localhost:3000'), [undefined])
  t.strictSame(places('http://127.0.0.1:3000'), [undefined])
  t.strictSame(places('http://[::1]:3000'), [undefined], 'an address has no domain above it')
})
