import createClient from 'openapi-fetch'

import { connectionLost, problemOf } from './problem'
import type { paths } from './schema'
import { csrfToken, endSession, keepSession } from './session'

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Sends a request with the session and the CSRF token.
 *
 * @throws Problem - for an answer that is an error, and for none. 304 is no error. After a 401 the page offers to log in.
 */
export async function send(request: Request): Promise<Response> {
  if (!SAFE_METHODS.has(request.method)) request.headers.set('X-CSRFToken', csrfToken())
  const response = await fetch(request).catch((error: unknown) => {
    if (request.signal.aborted) throw error
    throw connectionLost()
  })
  if (response.ok || response.status === 304) {
    keepSession()
    return response
  }
  if (response.status === 401) endSession()
  throw await problemOf(response)
}

/** Calls of the API with the types of docs/openapi.yaml. They raise a Problem; so `data` is there. */
export const api = createClient<paths, 'application/json'>({
  baseUrl: location.origin,
  credentials: 'same-origin',
  headers: { Accept: 'application/json' },
  fetch: send,
})

/** The data of a call's answer. */
export async function dataOf<Data>(call: Promise<{ data?: Data }>): Promise<Data> {
  return (await call).data as Data
}
