import { Type } from 'typebox'

/** A password that somebody has already: which ones are good was decided when it was chosen. */
export const givenPassword = Type.String({ minLength: 1, maxLength: 1024 })
