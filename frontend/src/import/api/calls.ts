/** The calls of the import way. Each raises a `Problem` unless it says otherwise. */

import { send } from '../../api/client'
import { Problem } from '../../api/problem'
import { organizationId } from '../../app/pageData'
import type { Answer } from '../review/state/outbox'
import type { Change, Changed, Person, Review, RowsPage, RowsQuery } from './types'

export const IMPORTS_URL = `/api/v1/organizations/${organizationId}/users/import`

async function jsonOf<T>(request: Promise<Response>): Promise<T> {
  return (await (await request).json()) as T
}

function uploadUrl(uploadId: string): string {
  return `${IMPORTS_URL}/uploads/${encodeURIComponent(uploadId)}`
}

function withJson(method: string, url: string, body: unknown, headers: Record<string, string> = {}): Request {
  return new Request(url, {
    method,
    body: JSON.stringify(body),
    credentials: 'same-origin',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json', ...headers },
  })
}

export function getReview(uploadId: string): Promise<Review> {
  return jsonOf(send(new Request(uploadUrl(uploadId), { headers: { Accept: 'application/json' } })))
}

export function getRows(
  uploadId: string,
  query: RowsQuery,
  offset: number,
  limit: number,
): Promise<RowsPage> {
  const parameters = new URLSearchParams({ offset: String(offset), limit: String(limit) })
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, value)
  const url = `${uploadUrl(uploadId)}/rows?${parameters}`
  return jsonOf(send(new Request(url, { headers: { Accept: 'application/json' } })))
}

export function patchUpload(uploadId: string, revision: number, change: Change): Promise<Changed> {
  return jsonOf(send(withJson('PATCH', uploadUrl(uploadId), { revision, ...change })))
}

/** Sends a change and says what became of it. Raises nothing. */
export async function sendChange(uploadId: string, revision: number, change: Change): Promise<Answer> {
  try {
    return { kind: 'changed', review: await patchUpload(uploadId, revision, change) }
  } catch (error) {
    return answerOf(error)
  }
}

/** What a failed request means for the changes that wait. */
export function answerOf(error: unknown): Answer {
  if (!(error instanceof Problem) || error.status === 0) return { kind: 'unreachable' }
  if (error.status === 401) return { kind: 'signed_out' }
  if (error.status === 404) return { kind: 'gone' }
  if (error.status === 409 && error.code === 'upload_changed')
    return {
      kind: 'stale',
      revision: Number(error.members.revision),
      editedBy: (error.members.edited_by as Person | null | undefined) ?? null,
    }
  if (error.status === 429 || (error.status === 503 && error.retryAfterSeconds !== null))
    return { kind: 'wait', seconds: error.retryAfterSeconds ?? 5 }
  if (error.status >= 500) return { kind: 'unreachable' }
  return { kind: 'refused', code: error.code, detail: error.detail }
}

/** Starts the import of the reviewed rows; gives the id of the batch. The key makes it safe to repeat. */
export async function startImport(review: Review, key: string): Promise<string> {
  const { upload_id, revision, options } = review
  const { default_role, skip_duplicates, send_invitations } = options
  const body = { upload_id, revision, default_role, skip_duplicates, send_invitations }
  const request = withJson('POST', IMPORTS_URL, body, { 'Idempotency-Key': key })
  return (await jsonOf<{ id: string }>(send(request))).id
}
