import type { StoreLog } from '../sessions/store-options.ts'

const nothing = () => {}

/** For stores that a command opens: what goes wrong, the command itself tells. */
export const quiet: StoreLog = { info: nothing, warn: nothing }
