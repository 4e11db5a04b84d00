import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { packageRoot } from '../../src/config/package-root.ts'

const compilerOptions = { target: 'es2023', module: 'nodenext', strict: true, skipLibCheck: true, types: [], rootDir: '.' }

interface Tree {
  folder: string
  write (path: string, text: string): void
  built (path: string): string
  build (): Promise<{ code: number, said: string }>
}

/** A project with one source, and Latchkey's own way of building it. */
function newTree (t: Test): Tree {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-build-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const write = (path: string, text: string) => writeFileSync(join(folder, path), text)
  for (const name of ['bin', 'src', 'node_modules']) mkdirSync(join(folder, name))
  cpSync(join(packageRoot, 'bin/build.js'), join(folder, 'bin/build.js'))
  write('package.json', '{ "type": "module" }')
  write('tsconfig.json', JSON.stringify({ compilerOptions }))
  write('tsconfig.build.json', JSON.stringify({ extends: './tsconfig.json', include: ['src'] }))
  write('src/app.ts', 'export const answer: number = 1\n')
  const tree = { folder, write, built: (path: string) => readFileSync(join(folder, 'dist', path), 'utf8'), build: () => build(folder) }
  hasCompiler(tree, true)
  return tree
}

function hasCompiler ({ folder }: Tree, isInstalled: boolean): void {
  const place = join(folder, 'node_modules/typescript')
  if (isInstalled) symlinkSync(join(packageRoot, 'node_modules/typescript'), place)
  else rmSync(place)
}

async function build (folder: string) {
  const { NODE_OPTIONS: _hooks, ...env } = process.env
  const child = spawn(process.execPath, [join(folder, 'bin/build.js')], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', piece => { said += piece })
  const [code] = await once(child, 'close')
  return { code: Number(code), said }
}

t.test('what is built is used as it is, also where the files are newer or no compiler is installed', async t => {
  const tree = newTree(t)
  t.strictSame(await tree.build(), { code: 0, said: '' })
  t.match(tree.built('src/app.js'), 'answer = 1')
  const { ino } = statSync(join(tree.folder, 'dist/src/app.js'))
  const soon = new Date(Date.now() + 60_000)
  utimesSync(join(tree.folder, 'src/app.ts'), soon, soon)
  t.strictSame(await tree.build(), { code: 0, said: '' })
  hasCompiler(tree, false)
  t.strictSame(await tree.build(), { code: 0, said: '' })
  rmSync(join(tree.folder, 'src'), { recursive: true })
  t.strictSame(await tree.build(), { code: 0, said: '' }, 'a build without its sources')
  t.equal(statSync(join(tree.folder, 'dist/src/app.js')).ino, ino, 'nothing was built again')
})

t.test('other sources are built anew, and there is a build all the while', async t => {
  const tree = newTree(t)
  tree.write('src/removed.ts', 'export {}\n')
  await tree.build()
  t.ok(existsSync(join(tree.folder, 'dist/src/removed.js')))
  rmSync(join(tree.folder, 'src/removed.ts'))
  tree.write('src/app.ts', 'export const answer: number = 2\n')
  const seen = new Set<string>()
  const state = { isDone: false }
  const building = tree.build().finally(() => { state.isDone = true })
  while (!state.isDone) {
    seen.add(tree.built('src/app.js').trim())
    await nextTurn()
  }
  t.strictSame(await building, { code: 0, said: '' })
  t.strictSame([...seen], ['export const answer = 1;', 'export const answer = 2;'])
  t.notOk(existsSync(join(tree.folder, 'dist/src/removed.js')))
  t.strictSame(readdirSync(tree.folder).sort(), ['bin', 'dist', 'node_modules', 'package.json', 'src', 'tsconfig.build.json', 'tsconfig.json'], 'nothing else is left')
})

t.test('sources that do not compile leave the build as it was', async t => {
  const tree = newTree(t)
  await tree.build()
  tree.write('src/app.ts', 'export const answer: number = "two"\n')
  t.match(await tree.build(), { code: 1, said: /error TS2322.*\nThe sources do not compile/s })
  t.match(tree.built('src/app.js'), 'answer = 1')
})

t.test('without a compiler a build of other sources is used with a warning, and without a build one sentence says what to do', async t => {
  const tree = newTree(t)
  await tree.build()
  tree.write('src/app.ts', 'export const answer: number = 2\n')
  hasCompiler(tree, false)
  t.match(await tree.build(), { code: 0, said: /^Warning: the build in dist\/ is of other sources/ })
  t.match(tree.built('src/app.js'), 'answer = 1')
  rmSync(join(tree.folder, 'dist'), { recursive: true })
  t.match(await tree.build(), { code: 1, said: /^There is no build in dist\/.*run "npm ci && npm run build" first\.\n$/ })
})

t.test('a build that was broken off is made anew, and of two at once both succeed', async t => {
  const tree = newTree(t)
  t.strictSame(await Promise.all([tree.build(), tree.build()]), [{ code: 0, said: '' }, { code: 0, said: '' }])
  rmSync(join(tree.folder, 'dist/sources.sha256'))
  rmSync(join(tree.folder, 'dist/src/app.js'))
  await tree.build()
  t.match(tree.built('src/app.js'), 'answer = 1')
})
