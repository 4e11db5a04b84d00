import { readdirSync } from 'node:fs'
import { extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'

const folders = ['src', 'plugins', 'routes']

// Coverage knows only the files that were loaded. This loads all: a file that no other test reaches counts as uncovered.
t.test('every file can be imported on its own, and importing it starts nothing', async t => {
  for (const path of folders.flatMap(codeIn)) await t.resolves(import(pathToFileURL(path).href), path)
})

function codeIn (folder: string) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(path => extname(path) === '.ts')
    .map(path => join(folder, path))
}
