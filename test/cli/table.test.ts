import t from 'tap'
import { table } from '../../src/cli/table.ts'

t.test('a table may have more rows than a function takes arguments', async t => {
  const rows = Array.from({ length: 150_000 }, () => ['x'])
  t.equal(table(['A'], rows, {}, []).length, 2 * 150_001)
})
