/** What is started is handed its end: a test, or the run of a benchmark, calls it last of all that was begun after it. */
export interface Teardown {
  teardown (end: () => unknown): void
}
