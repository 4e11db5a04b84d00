import type { FastifyInstance } from 'fastify'
import { Type, type Static } from 'typebox'
import { FormIncomplete, PasswordWrong } from '../../../src/errors.ts'
import { fieldErrors } from '../../../src/field-errors.ts'
import { givenPassword } from '../../../src/users/given-password.ts'

const Form = Type.Object({ password: givenPassword }, { additionalProperties: false })

const sentences = { password: 'Enter your password.' }
const wrongPassword = { password: 'This is not your password.' }

export default async function leave (app: FastifyInstance): Promise<void> {
  app.get('/account/delete', (_request, reply) => reply.page('account/delete', { errors: {} }))

  app.post<{ Body: Static<typeof Form> }>('/account/delete', { schema: { body: Form }, attachValidation: true }, async (request, reply) => {
    const errors = fieldErrors(request.validationError?.validation, sentences)
    if (Object.keys(errors).length > 0) return await reply.refuse(new FormIncomplete(), 'account/delete', { errors })
    const { id } = request.currentUser!
    const isOwn = await request.admit(passwords => request.isOwnPassword(passwords, request.body.password))
    if (!isOwn) return await reply.refuse(new PasswordWrong(), 'account/delete', { errors: wrongPassword })

    // The sessions first: what a store that is down could not remove would outlive its user. They hold addresses.
    await app.sessions.revokeAllOf(id)
    await request.endSession()
    await app.users.delete(id)
    request.logEvent('account deleted', 'success')
    return await reply.redirect('/', 303)
  })
}
