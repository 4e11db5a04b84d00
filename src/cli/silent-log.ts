import type { StoreLog } from '../observability/store-log.ts'

const nothing = () => {}

/** For stores that a command opens: what goes wrong, the command itself tells. */
export const silentLog: StoreLog = { info: nothing, warn: nothing }
