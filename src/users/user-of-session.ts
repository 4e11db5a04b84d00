import type { User, UserRepository } from './user-repository.ts'

/** What a session holds of who is logged in. */
interface LoggedIn {
  userId: string
  /** The user's session epoch at login. */
  epoch?: unknown
}

/**
 * Whom a session logs in, read anew: null when the user is gone or disabled, or when all their sessions were ended since.
 * Then the session has ended, whatever its store says.
 * @throws USERS_UNAVAILABLE
 */
export async function userOfSession (users: Pick<UserRepository, 'findById'>, { userId, epoch }: LoggedIn): Promise<Readonly<User> | null> {
  const user = await users.findById(userId)
  return user === null || user.disabledAt !== null || user.sessionEpoch !== epoch ? null : user
}
