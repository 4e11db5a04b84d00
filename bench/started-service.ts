import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { freePort } from '../test/free-port.ts'
import { nodeStart, run } from '../test/started-service.ts'

/** The service as `npm start` starts it, built, for as long as the work takes. It believes this process as its proxy. */
export async function withStartedService (dataDir: string, work: (url: string, pid: number) => Promise<void>, settings: Record<string, string> = {}): Promise<void> {
  const port = await freePort()
  const service = run({ PORT: String(port), FASTIFY_ADDRESS: '127.0.0.1', DATA_DIR: dataDir, TRUSTED_PROXIES: '127.0.0.1', ...settings }, nodeStart)
  for await (const line of createInterface({ input: service.stdout! })) if (line.includes('Server listening')) break
  service.stdout!.resume()
  service.stderr!.pipe(process.stderr)
  try {
    await work(`http://127.0.0.1:${port}`, service.pid!)
  } finally {
    service.kill()
    await once(service, 'exit')
  }
}
