import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { transformSync } from 'amaro'

/** Loads our TypeScript as Node itself does from version 23 on. */
export async function load (url, context, next) {
  if (!url.startsWith('file:') || !url.split('?', 1)[0].endsWith('.ts')) return await next(url, context)
  const text = await readFile(fileURLToPath(url), 'utf8')
  return { format: 'module', source: transformSync(text, { mode: 'strip-only' }).code, shortCircuit: true }
}
