import { createRequire } from 'node:module'
import { dirname } from 'node:path'

/** Where package.json lies: the same from src/ and from the compiled dist/src/, whatever the working directory. */
export const packageRoot = dirname(createRequire(import.meta.url).resolve('#package'))
