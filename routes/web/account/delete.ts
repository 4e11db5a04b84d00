import type { FastifyInstance } from 'fastify'
import { Type, type Static } from 'typebox'
import { deleteAccount } from '../../../src/accounts/delete-account.ts'
import { FormIncomplete, PasswordWrong } from '../../../src/errors.ts'
import { fieldErrors } from '../../../src/http/field-errors.ts'
import { accountOf, sendToLogin } from '../../../src/http/guards.ts'
import { passwordInput } from '../../../src/credentials/password-input.ts'

const Form = Type.Object({ current_password: passwordInput }, { additionalProperties: false })

const sentences = { current_password: 'Enter your current password.' }
const wrongPassword = { current_password: "That isn't your current password." }

export default async function leave (app: FastifyInstance): Promise<void> {
  app.get('/account/delete', (_request, reply) => reply.page('account/delete', { errors: {} }))

  app.post<{ Body: Static<typeof Form> }>('/account/delete', { schema: { body: Form }, attachValidation: true }, async (request, reply) => {
    const errors = fieldErrors(request.validationError?.validation, sentences)
    if (Object.keys(errors).length > 0) return await reply.refuse(new FormIncomplete(), 'account/delete', { errors })
    const proven = await request.admit(passwords => request.reauthenticate(passwords, request.body.current_password))
    if (proven === null) return await reply.refuse(new PasswordWrong(), 'account/delete', { errors: wrongPassword })

    const user = accountOf(request)
    if (!await deleteAccount(request.transact, proven.authority)) return sendToLogin(request, reply)
    request.logEvent('account deleted', 'success')
    // They open nothing without their user, but they hold addresses.
    await app.sessionCleanup.endAllOf(user.id)
    request.forgetSession()
    return await reply.redirect('/', 303)
  })
}
