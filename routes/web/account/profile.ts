import type { FastifyInstance } from 'fastify'
import { Type, type Static } from 'typebox'
import { ofSession } from '../../../src/accounts/authority.ts'
import { changeName } from '../../../src/accounts/change-name.ts'
import { FormIncomplete } from '../../../src/errors.ts'
import { fieldErrors } from '../../../src/http/field-errors.ts'
import { accountOf, sendToLogin } from '../../../src/http/guards.ts'
import { clientOf } from '../../../src/http/client-of.ts'
import { signUpForm } from '../../../src/accounts/sign-up-form.ts'

export default async function profile (app: FastifyInstance): Promise<void> {
  const { schema, sentences } = signUpForm(app.config.passwordMinLength)
  const Form = Type.Pick(schema, ['first_name', 'last_name'], { additionalProperties: false })

  app.get('/account/profile', async (request, reply) => {
    const { firstName, lastName } = accountOf(request)
    return await reply.page('account/profile', { values: { first_name: firstName, last_name: lastName }, errors: {} })
  })

  app.post<{ Body: Partial<Static<typeof Form>> }>('/account/profile', { schema: { body: Form }, attachValidation: true }, async (request, reply) => {
    const errors = fieldErrors(request.validationError?.validation, sentences)
    const values = { first_name: '', last_name: '', ...request.body }
    if (Object.keys(errors).length > 0) return await reply.refuse(new FormIncomplete(), 'account/profile', { values, errors })

    const names = { firstName: values.first_name.trim(), lastName: values.last_name.trim() }
    const isChanged = await changeName(request.transact, ofSession(accountOf(request)), names, clientOf(request))
    if (!isChanged) return sendToLogin(request, reply)
    request.logEvent('profile changed', 'success')
    return await reply.redirect('/account', 303)
  })
}
