import { Agent } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { freePort } from '../free-port.ts'
import { openService, type Service } from '../helper.ts'
import { type Application, startApplication } from './application.ts'
import { startProxy } from './proxies.ts'
import { Visitor } from './visitor.ts'

/** Latchkey and an application behind a proxy, as docs/forward-auth.md sets them up. */
export interface Place {
  service: Service
  application: Application
  /** Where the proxy listens. */
  port: number
  login: string
  app: string
  wiki: string
  visitor (): Visitor
}

export async function openPlace (t: Test, proxy: string, settings: Record<string, string> = {}, start: (t: Test) => Promise<Application> = startApplication, more: Parameters<typeof openService>[2] = {}): Promise<Place> {
  const port = await freePort()
  const [login, app, wiki] = ['login', 'app', 'wiki'].map(name => `https://${name}.example.com:${port}`) as [string, string, string]
  const service = await openService(t, { PUBLIC_URL: login, COOKIE_DOMAIN: 'example.com', TRUSTED_PROXIES: '127.0.0.1', ...settings }, more)
  await service.app.listen({ port: 0, host: '127.0.0.1' })
  const application = await start(t)
  await startProxy(t, proxy, { proxy: port, latchkey: (service.app.server.address() as AddressInfo).port, application: application.port })
  const agent = new Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  return { service, application, port, login, app, wiki, visitor: () => new Visitor(port, agent) }
}
