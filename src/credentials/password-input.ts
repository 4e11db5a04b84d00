import { Type } from 'typebox'

/** Characters; what is hashed is bounded in bytes besides. */
export const PASSWORD_MAX = 1024

/** A password that somebody has already: which ones are good was decided when it was chosen. */
export const passwordInput = Type.String({ minLength: 1, maxLength: PASSWORD_MAX })
