/** Epoch milliseconds; handed in, so that tests can move time. */
export type Clock = () => number
