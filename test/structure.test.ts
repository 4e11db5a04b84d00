import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import t from 'tap'
import { packageRoot } from '../src/config/package-root.ts'

const src = join(packageRoot, 'src')
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith('.ts'))

t.test('four files of src/ are in no folder', async t => {
  t.strictSame(files.filter(path => !path.includes('/')).sort(), ['app.ts', 'clock.ts', 'errors.ts', 'latchkey.ts'])
})

t.test('no file imports itself by way of others, types included', async t => {
  const imports = new Map(files.map(path => [path, importsOf(path)]))
  for (const path of files) t.strictSame(wayBack(imports, path, path, new Set()), null, path)
})

function importsOf (path: string): string[] {
  const names = readFileSync(join(src, path), 'utf8').matchAll(/^(?:import|export) [^;]*? from '(\.[^']+)'$/gm)
  return [...names].map(([, name]) => relative(src, join(src, dirname(path), name!)))
}

function wayBack (imports: Map<string, string[]>, from: string, to: string, seen: Set<string>): string[] | null {
  for (const next of imports.get(from) ?? []) {
    if (next === to) return [from, to]
    if (seen.has(next)) continue
    const way = wayBack(imports, next, to, seen.add(next))
    if (way !== null) return [from, ...way]
  }
  return null
}
