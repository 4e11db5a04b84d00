/** The path of a program the tests need, such as `redis-server` or `chromium`. Throws when it is missing. */
export function find (command: string): string
