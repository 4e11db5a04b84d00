import type { Account, UserRepository } from '../users/user-repository.ts'

const PAGE = 200

/** All users by email, in pages, so that the database is not held while others write. */
export async function * paginateUsers (users: UserRepository): AsyncGenerator<Account[]> {
  let page = await users.list({ limit: PAGE })
  while (page.length > 0) {
    yield page
    page = await users.list({ limit: PAGE, after: page.at(-1)!.email })
  }
}
