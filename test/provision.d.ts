/** The path of a program that the tests or the audit need, such as `redis-server` or `wapiti`. Throws when it is missing. */
export function find (command: string): string
