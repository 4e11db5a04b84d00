import { join } from 'node:path'
import accepts from '@fastify/accepts'
import view from '@fastify/view'
import ejs from 'ejs'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { packageRoot } from '../../src/config/package-root.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether the client takes a page: its Accept prefers HTML to JSON, or does not say. */
    takesHtml (): boolean
  }
  interface FastifyReply {
    /** Answers with a page of `views/`, which also gets the user and the path that the navigation shows. */
    page (name: string, data?: object): Promise<string>
    /** Answers an expected "no": the form again for a browser, the error's code and sentence for a program. */
    refuse (error: FastifyError, name: string, data: object): Promise<string>
  }
}

async function views (app: FastifyInstance): Promise<void> {
  await app.register(accepts)
  const root = join(packageRoot, 'views')
  // A view says what it takes of `locals`: with every name looked up there a page takes a tenth longer.
  // What a view includes is read, found and compiled anew for each page, unless it is cached and named from the root.
  const options = { root, cache: true, compileDebug: false, _with: false }
  await app.register(view, { engine: { ejs }, root, viewExt: 'ejs', production: true, options })
  app.decorateRequest('takesHtml', takesHtml)
  app.decorateReply('page', page)
  app.decorateReply('refuse', refuse)
}

function takesHtml (this: FastifyRequest): boolean {
  return this.accepts().type(['html', 'json']) === 'html'
}

async function page (this: FastifyReply, name: string, data: object = {}): Promise<string> {
  const path = this.request.url.split('?', 1)[0]
  return await this.viewAsync(name, { user: this.request.identity?.account ?? null, path, ...data })
}

async function refuse (this: FastifyReply, error: FastifyError, name: string, data: object): Promise<string> {
  if (!this.request.takesHtml()) throw error
  this.request.logRefusal(error.code)
  return await this.code(error.statusCode!).page(name, data)
}

export default fp(views, { name: 'views', dependencies: ['event-log'] })
