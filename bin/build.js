#!/usr/bin/env node
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'

/*
 * Compiles the sources into dist/, unless the build there is of these very sources. A production install has no compiler:
 * it uses the build that it brought.
 */

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
const stamp = join(dist, 'sources.sha256')

const fingerprint = fingerprintOf(sources())
if (!isBuilt(fingerprint)) buildOrExplain(fingerprint)

function sources () {
  const code = ['src', 'plugins', 'routes', 'drizzle'].flatMap(folder => filesIn(join(root, folder))).filter(path => path.endsWith('.ts'))
  return code.length === 0 ? [] : [...code, ...['tsconfig.json', 'tsconfig.build.json'].map(name => join(root, name))]
}

// Of the content: a checkout, a copy or an image gives files new times.
function fingerprintOf (paths) {
  const sum = createHash('sha256')
  for (const path of paths.sort()) sum.update(`${relative(root, path)}\0`).update(readFileSync(path)).update('\0')
  return paths.length === 0 ? null : sum.digest('hex')
}

/** Without sources there is nothing that the build could be older than. */
function isBuilt (fingerprint) {
  if (fingerprint === null) return existsSync(dist)
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint
}

function buildOrExplain (fingerprint) {
  const compiler = findCompiler()
  if (compiler !== null && fingerprint !== null) build(compiler, fingerprint)
  else if (existsSync(join(dist, 'src'))) console.error('Warning: the build in dist/ is of other sources, and there is no compiler to make a new one (npm ci installs it). It is used as it is.')
  else fail('There is no build in dist/, and no compiler to make one: run "npm ci && npm run build" first.')
}

function findCompiler () {
  try {
    return createRequire(import.meta.url).resolve('typescript/bin/tsc')
  } catch {
    return null
  }
}

function build (compiler, fingerprint) {
  const made = mkdtempSync(join(root, '.build-'))
  try {
    const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', made], { cwd: root, stdio: 'inherit' })
    if (status === 0) replace(made, fingerprint)
    else fail('The sources do not compile. The build in dist/ is as it was.')
  } finally {
    rmSync(made, { recursive: true })
  }
}

// File by file: whoever starts meanwhile finds each of them, the old or the new one.
function replace (made, fingerprint) {
  rmSync(stamp, { force: true })
  const names = new Set(filesIn(made).map(path => relative(made, path)))
  for (const name of names) {
    mkdirSync(dirname(join(dist, name)), { recursive: true })
    renameSync(join(made, name), join(dist, name))
  }
  for (const path of filesIn(dist)) if (!names.has(relative(dist, path))) rmSync(path)
  // The last of all: a build that was broken off is made anew.
  writeFileSync(stamp, fingerprint)
}

function filesIn (folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile()).map(entry => join(entry.parentPath ?? entry.path, entry.name))
}

function fail (sentence) {
  console.error(sentence)
  process.exitCode = 1
}
