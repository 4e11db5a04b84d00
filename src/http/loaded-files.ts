import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'

/** What @fastify/autoload loads, and what TypeScript only describes. */
const SCRIPT = /(?<!\.d)\.[cm]?[jt]s$/
/** Loaded with the routes beside them. */
const HOOKS = /[\\/]autohooks\.[cm]?[jt]s$/

/**
 * Which scripts of some folders were loaded. @fastify/autoload skips files without a word, such as those beside an
 * `index.ts`: one of them would be a page or a guard that is silently missing.
 */
export class LoadedFiles {
  readonly #loaded = new Set<string>()

  /** For autoload's option of this name. @param dir that is loaded */
  matchFilter (dir: string): (path: string) => boolean {
    return path => {
      this.#loaded.add(join(dir, path))
      return true
    }
  }

  /** @throws Error naming the scripts that nothing loaded */
  assertAll ({ plugins, routes }: { plugins: string, routes: string }): void {
    const skipped = [...scriptsIn(plugins), ...scriptsIn(routes).filter(path => !HOOKS.test(path))].filter(path => !this.#loaded.has(path))
    if (skipped.length === 0) return
    const names = skipped.map(path => relative(join(routes, '..'), path)).sort()
    throw new Error(`Nothing loads ${names.join(', ')}. Move each to a folder whose files are all loaded, or out of plugins/ and routes/.`)
  }
}

function scriptsIn (folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.filter(entry => entry.isFile() && SCRIPT.test(entry.name)).map(entry => join(entry.parentPath, entry.name))
}
