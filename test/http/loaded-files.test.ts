import { join } from 'node:path'
import t, { type Test } from 'tap'
import { LoadedFiles } from '../../src/http/loaded-files.ts'

type Tree = NonNullable<Parameters<Test['testdir']>[0]>

function open (t: Test, files: { plugins?: Tree, routes?: Tree }) {
  const root = t.testdir({ plugins: files.plugins ?? {}, routes: files.routes ?? {} })
  const folders = { plugins: join(root, 'plugins'), routes: join(root, 'routes') }
  return { loaded: new LoadedFiles(), ...folders, folders }
}

t.test('a script that nothing loads is named', async t => {
  const { loaded, routes, folders } = open(t, { plugins: { 'autohooks.ts': '' }, routes: { 'a.ts': '', api: { 'index.ts': '', 'lost.mjs': '' } } })
  const load = loaded.matchFilter(routes)
  for (const path of ['/a.ts', '/api/index.ts']) t.ok(load(path))
  t.throws(() => loaded.assertAll(folders), { message: `Nothing loads plugins/autohooks.ts, ${join('routes/api/lost.mjs')}. Move each to a folder whose files are all loaded, or out of plugins/ and routes/.` })
})

t.test('hooks of routes, declarations and other files are no scripts that could be missing', async t => {
  const { loaded, folders } = open(t, { plugins: { 'types.d.ts': '', 'a.js.map': '' }, routes: { 'autohooks.ts': '', api: { 'autohooks.js': '' }, 'README.md': '' } })
  t.doesNotThrow(() => loaded.assertAll(folders))
})
