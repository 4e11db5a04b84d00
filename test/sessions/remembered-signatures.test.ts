import { Signer } from '@fastify/cookie'
import t from 'tap'
import { rememberedSignatures } from '../../src/sessions/remembered-signatures.ts'

const older = 'a secret that was ours before this one'
const newer = 'a secret that nobody else has to know'

t.test('a signature is the same whether it is remembered or not', async t => {
  const plain = new Signer([newer, older])
  const signer = rememberedSignatures(new Signer([newer, older]))
  for (const id of ['id', 'an.id', '', 'ü']) {
    const signed = plain.sign(id)
    for (let times = 0; times < 2; times++) {
      t.equal(signer.sign(id), signed)
      t.strictSame(signer.unsign(signed), plain.unsign(signed))
      t.match(signer.unsign(signed), { valid: true, renew: false, value: id })
    }
  }
})

t.test('a session whose signature is remembered is opened by no other signature', async t => {
  const signer = rememberedSignatures(new Signer(newer))
  const signed = signer.sign('id')
  t.ok(signer.unsign(signed).valid)
  const other = new Signer('a secret of somebody else, as long').sign('id')
  const umlaut = `${signed.slice(0, -1)}ü`
  for (const sent of [other, 'id.', 'id', '.', '', `${signed}A`, signed.slice(0, -1), umlaut, signed.replace('id', 'ie'), `id${signed.slice(2)}.`]) {
    t.strictSame(signer.unsign(sent), { valid: false, renew: false, value: null }, sent)
  }
  t.ok(signer.unsign(signed).valid)
})

t.test('a signature of nobody is not remembered', async t => {
  const signer = rememberedSignatures(new Signer(newer))
  for (let times = 0; times < 2; times++) t.notOk(signer.unsign('id.').valid)
})

t.test('what an older secret signed is signed anew', async t => {
  const signer = rememberedSignatures(new Signer([newer, older]))
  const signed = new Signer(older).sign('id')
  for (let times = 0; times < 2; times++) {
    t.strictSame(signer.unsign(signed), { valid: true, renew: true, value: 'id' })
    t.equal(signer.sign('id'), new Signer(newer).sign('id'))
  }
})
