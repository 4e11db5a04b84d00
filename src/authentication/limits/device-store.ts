/** THE CONTRACT of where known devices are kept: a text for each user, which goes with its user. Every database passes test/authentication/limits/known-devices.test.ts. */
export interface DeviceStore {
  /** @throws USERS_UNAVAILABLE */
  read (userId: string): Promise<string | null>
  /**
   * Compare-and-set. Parallel requests that have read the same text cannot both write.
   * @param from as it was read
   * @returns false when something else is stored by now; then nothing was written
   * @throws USERS_UNAVAILABLE
   */
  replace (userId: string, from: string | null, to: DeviceText): Promise<boolean>
  /** Removes what has expired, in small batches. @returns how many */
  sweep (): Promise<number>
}

export interface DeviceText {
  devices: string
  /** Epoch milliseconds. */
  expiresAt: number
}
