import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../src/config/package-root.ts'

/*
 * Together the two suites cover every line, or this ends with exit code 1 and says which are not. Neither does alone.
 */

const folder = (name: string) => join(packageRoot, '.tap', name)
const suites = ['coverage-of-quick', 'coverage-of-slow'].map(folder)

if (suites.every(suite => existsSync(suite))) report()
else {
  console.error('Not both suites have been run: type npm test, then npm run test:slow.')
  process.exitCode = 1
}

function report (): void {
  rmSync(folder('coverage'), { recursive: true, force: true })
  for (const suite of suites) cpSync(suite, folder('coverage'), { recursive: true })
  const wanted = ['statements', 'branches', 'functions', 'lines'].map(kind => `--${kind}=100`)
  const { status } = spawnSync('tap', ['report', 'text', ...wanted], { stdio: 'inherit', cwd: packageRoot })
  process.exitCode = status ?? 1
}
