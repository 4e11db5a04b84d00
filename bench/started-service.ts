import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { packageRoot } from '../src/package-root.ts'
import { freePort } from './free-port.ts'

/** The service as `npm start` starts it, built, for as long as the work takes. Its proxy is believed: this process. */
export async function withStartedService (dataDir: string, work: (url: string) => Promise<void>): Promise<void> {
  const port = await freePort()
  const settings = { PORT: String(port), FASTIFY_ADDRESS: '127.0.0.1', DATA_DIR: dataDir, TRUSTED_PROXIES: '127.0.0.1' }
  const service = spawn(process.execPath, [join(packageRoot, 'node_modules/fastify-cli/cli.js'), 'start', '--options', '--close-grace-delay', '9500', join(packageRoot, 'dist/src/app.js')], {
    env: { ...process.env, ...settings }, stdio: ['ignore', 'pipe', 'inherit']
  })
  for await (const line of createInterface({ input: service.stdout })) if (line.includes('Server listening')) break
  service.stdout.resume()
  try {
    await work(`http://127.0.0.1:${port}`)
  } finally {
    service.kill()
    await once(service, 'exit')
  }
}
