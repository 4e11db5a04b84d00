import type { FastifyInstance, FastifyReply } from 'fastify'
import { Type, type Static } from 'typebox'
import { FormIncomplete, PasswordWrong } from '../../../src/errors.ts'
import { fieldErrors } from '../../../src/http/field-errors.ts'
import { sendToLogin, sendToReauthentication } from '../../../src/http/guards.ts'
import { RETURN_TO_MAX_LENGTH, safeReturnPath } from '../../../src/http/return-to.ts'
import { passwordInput } from '../../../src/credentials/password-input.ts'

const Next = Type.Object({ next: Type.Optional(Type.String({ maxLength: RETURN_TO_MAX_LENGTH })) })
const Form = Type.Object({ password: passwordInput, ...Next.properties }, { additionalProperties: false })

const sentences = { password: 'Enter your password.' }
const wrongPassword = { password: "That isn't your current password." }

/** Before what a borrowed session must not do: it was left open, but whoever sits there now may not know the password. */
export default async function reauthenticate (app: FastifyInstance): Promise<void> {
  const { publicUrl } = app.config

  app.get<{ Querystring: Static<typeof Next> }>('/account/reauthenticate', { schema: { querystring: Next } }, async (request, reply) => {
    return await reply.page('account/reauthenticate', { values: { next: safeReturnPath(request.query.next, publicUrl) ?? '' }, errors: {} })
  })

  app.post<{ Body: Static<typeof Form> }>('/account/reauthenticate', { schema: { body: Form }, attachValidation: true }, async (request, reply) => {
    const errors = fieldErrors(request.validationError?.validation, sentences)
    const { password } = request.body
    const next = safeReturnPath(request.body.next, publicUrl)
    const values = { next: next ?? '' }
    if (Object.keys(errors).length > 0) return await reply.refuse(new FormIncomplete(), 'account/reauthenticate', { values, errors })

    const proven = await request.admit(passwords => request.reauthenticate(passwords, password))
    if (proven === null) return await reply.refuse(new PasswordWrong(), 'account/reauthenticate', { values, errors: wrongPassword })
    if (!await request.continueSession({ proof: proven.proof })) return sendToLogin(request, reply)
    return await reply.redirect(next ?? '/account', 303)
  })

  // Its name in earlier releases, in bookmarks and in forms that were open during the update.
  app.get<{ Querystring: Static<typeof Next> }>('/account/confirm', { schema: { querystring: Next } }, (request, reply) => moved(reply, request.query.next))
  app.post<{ Body: Static<typeof Next> }>('/account/confirm', { schema: { body: Next } }, (request, reply) => moved(reply, request.body.next))

  function moved (reply: FastifyReply, next: string | undefined) {
    const path = safeReturnPath(next, publicUrl)
    return path === null ? reply.redirect('/account/reauthenticate', 303) : sendToReauthentication(reply, path)
  }
}
