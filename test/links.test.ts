import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { packageRoot } from '../src/config/package-root.ts'

const pagesOf = (folder: string) => readdirSync(join(packageRoot, folder)).filter(name => name.endsWith('.md')).map(name => join(packageRoot, folder, name))

t.test('every link of a page leads to a file and a heading that are there', async t => {
  for (const page of [...pagesOf('.'), ...pagesOf('docs')]) {
    const links = readFileSync(page, 'utf8').matchAll(/\]\((?!\w+:)([^)#\s]*)#?([^)\s]*)\)/g)
    for (const [, path = '', anchor = ''] of links) {
      const target = path === '' ? page : join(dirname(page), path)
      t.ok(existsSync(target), `${page}: ${path}`)
      if (anchor !== '') t.ok(headingsOf(target).includes(anchor), `${page}: ${path}#${anchor}`)
    }
  }
})

/** As GitHub names them. */
function headingsOf (path: string): string[] {
  const headings = [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading)
  return headings.map(heading => heading.toLowerCase().replace(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-'))
}
