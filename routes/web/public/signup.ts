import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify'
import { ofSession } from '../../../src/accounts/authority.ts'
import { deleteAccount } from '../../../src/accounts/delete-account.ts'
import { signUp } from '../../../src/accounts/sign-up.ts'
import { attemptOf } from '../../../src/authentication/attempt.ts'
import { EmailTaken, FormIncomplete } from '../../../src/errors.ts'
import { sendToLogin } from '../../../src/http/guards.ts'
import type { FieldErrors } from '../../../src/http/field-errors.ts'
import { clientOf } from '../../../src/http/client-of.ts'
import { canonicalEmail } from '../../../src/users/email-address.ts'
import { passwordProblem } from '../../../src/credentials/password-policy.ts'
import type { Passwords } from '../../../src/credentials/passwords.ts'
import { type SignUpFields, type SignUpForm, signUpForm } from '../../../src/accounts/sign-up-form.ts'
import type { Account } from '../../../src/users/user-repository.ts'

interface Refusal { error: FastifyError, errors: FieldErrors }

const emptyForm = { first_name: '', last_name: '', email: '' }
const emailTaken = { email: 'This email has an account already. Log in instead, or use another email.' }

export default async function signup (app: FastifyInstance): Promise<void> {
  const { passwordMinLength } = app.config
  const form = signUpForm(passwordMinLength)

  app.get('/signup', async (request, reply) => {
    if (request.identity?.account) return await reply.redirect('/dashboard', 303)
    return await reply.page('signup', { values: emptyForm, errors: {}, passwordMinLength })
  })

  app.post<{ Body: SignUpFields }>('/signup', { config: { isExpensive: true }, schema: { body: form.schema }, attachValidation: true }, async (request, reply) => {
    const outcome = await request.admit(passwords => createFrom(request, passwords, form))
    const { password, ...values } = request.body
    if ('error' in outcome) return await reply.refuse(outcome.error, 'signup', { values: { ...emptyForm, ...values }, errors: outcome.errors, passwordMinLength })
    const attempt = attemptOf(outcome, { method: 'pwd', at: app.now() }, { remember: false, returnTo: null })
    if (!await request.completeLogin(attempt).catch(takeBack(app, outcome))) return sendToLogin(request, reply)
    request.logEvent('signed up', 'success', outcome)
    return await reply.redirect('/dashboard', 303)
  })
}

// Counted whatever is in the form; the password is estimated only when nothing else is wrong with it.
async function createFrom (request: FastifyRequest<{ Body: SignUpFields }>, passwords: Passwords, form: SignUpForm): Promise<Account | Refusal> {
  const { config: { passwordMinLength: minLength, publicUrl: { hostname: siteName } }, users, transact, now } = request.server
  await request.limitSignUps()
  const mistakes = form.mistakesIn(request.body, request.validationError?.validation)
  if (Object.keys(mistakes).length > 0) return { error: new FormIncomplete(), errors: mistakes }
  const { first_name: firstName, last_name: lastName, email, password } = request.body
  const problem = passwordProblem({ firstName, lastName, email, password, minLength, siteName })
  if (problem !== null) return { error: new FormIncomplete(), errors: { password: problem } }
  const person = { firstName: firstName.trim(), lastName: lastName.trim(), email: canonicalEmail(email)!, password }
  return await signUp({ users, transact, passwords, now }, person, clientOf(request)) ?? { error: new EmailTaken(), errors: emailTaken }
}

// Whoever is told that it did not work has to be able to try again. An account that was made use of meanwhile stays.
function takeBack ({ transact, log }: FastifyInstance, user: Account) {
  return async (error: unknown) => {
    await deleteAccount(transact, ofSession(user)).catch(err => log.error({ err, user: user.id }, 'a sign-up that failed was not taken back'))
    throw error
  }
}
