import { once } from 'node:events'
import { statusOf, timed } from './status-of.ts'

/*
 * A process of its own, so that only the service can keep it waiting: asks for one address again and again until it is
 * told to end, and tells how many milliseconds each answer took.
 */

const state = { isOver: false }
once(process, 'message').then(() => { state.isOver = true })
const waits: number[] = []
await statusOf(process.argv[2]!)
process.send!('ready')
while (!state.isOver) waits.push((await timed(() => statusOf(process.argv[2]!)))[0])
process.send!(waits, () => process.disconnect())
