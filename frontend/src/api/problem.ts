import type { components } from './schema'

type ProblemBody = components['schemas']['Problem']
export type ProblemError = components['schemas']['ProblemError']

/** Why a request failed: the problem that the server described, or a lost connection. */
export class Problem extends Error {
  /** The HTTP status; 0 if no answer came. */
  readonly status: number
  /** For programs, such as `quota_exceeded`; `connection_lost` if no answer came. */
  readonly code: string
  /** A sentence in the server's words. Empty if no answer came. */
  readonly detail: string
  readonly errors: ProblemError[]
  /** How long to wait before the next attempt, if the server said so. */
  readonly retryAfterSeconds: number | null
  /** Other members of the body, such as `revision`. */
  readonly members: Record<string, unknown>

  constructor(body: Partial<ProblemBody> & { status: number; code: string }, retryAfterSeconds: number | null = null) {
    super(body.detail ?? body.code)
    this.name = 'Problem'
    this.status = body.status
    this.code = body.code
    this.detail = body.detail ?? ''
    this.errors = body.errors ?? []
    this.retryAfterSeconds = retryAfterSeconds
    this.members = { ...body }
  }

  /** Whether the same request may succeed later without a change. */
  get isTemporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500
  }
}

export function connectionLost(): Problem {
  return new Problem({ status: 0, code: 'connection_lost' })
}

/** The problem that an answer describes. An answer that is no problem document gets the code `http_<status>`. */
export async function problemOf(response: Response): Promise<Problem> {
  return problemFrom(response.status, await response.text(), response.headers.get('Retry-After'))
}

/** As problemOf, for an XMLHttpRequest: from the status, the body and the Retry-After header. */
export function problemFrom(status: number, text: string, retryAfter: string | null): Problem {
  return new Problem({ ...bodyOf(text), status, ...codeOf(text, status) }, secondsOf(retryAfter))
}

function bodyOf(text: string): Partial<ProblemBody> {
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null ? (body as Partial<ProblemBody>) : {}
  } catch {
    return {}
  }
}

function codeOf(text: string, status: number): { code: string } {
  const { code } = bodyOf(text)
  return { code: typeof code === 'string' ? code : `http_${status}` }
}

/** Retry-After holds seconds or a date. */
function secondsOf(header: string | null): number | null {
  if (!header) return null
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : null
}
