/**
 * Sends a file to be staged and checked.
 *
 * XMLHttpRequest, because fetch does not tell how much of a file is sent.
 */

import { connectionLost, problemFrom } from '../../api/problem'
import { csrfToken, endSession } from '../../api/session'
import { IMPORTS_URL } from './calls'
import { rememberFile } from './fileMemory'

/** How the file is to be read, as form fields of the preview. */
export interface ReadingChoice {
  mapping?: Record<string, string> | undefined
  encoding?: string | undefined
  delimiter?: string | undefined
  sheet?: string | undefined
  header_row?: number | undefined
}

export interface Quota {
  limit: number
  remaining: number
}

export interface Staged {
  uploadId: string
}

export interface Sending {
  done: Promise<Staged>
  stop: () => void
}

/** Thrown by `done` after `stop`. */
export class Stopped extends Error {}

/**
 * @param onProgress - Gets the part that is sent, between 0 and 1, and null while the server checks.
 * @returns `done` raises a Problem, or Stopped.
 */
export function sendFile(
  file: File,
  reading: ReadingChoice,
  onProgress: (sent: number | null) => void,
): Sending {
  const request = new XMLHttpRequest()
  const done = new Promise<Staged>((resolve, reject) => {
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded < total ? loaded / total : null)
    request.upload.onload = () => onProgress(null)
    request.onload = () => {
      try {
        resolve(stagedFrom(request, file))
      } catch (problem) {
        reject(problem)
      }
    }
    request.onerror = () => reject(connectionLost())
    request.ontimeout = () => reject(connectionLost())
    request.onabort = () => reject(new Stopped())
  })
  request.open('POST', `${IMPORTS_URL}/preview`)
  request.setRequestHeader('Accept', 'application/json')
  request.setRequestHeader('X-CSRFToken', csrfToken())
  request.send(formOf(file, reading))
  return { done, stop: () => request.abort() }
}

function formOf(file: File, { mapping, ...texts }: ReadingChoice): FormData {
  const form = new FormData()
  form.set('file', file, file.name)
  if (mapping !== undefined) form.set('mapping', JSON.stringify(mapping))
  for (const [name, value] of Object.entries(texts)) if (value) form.set(name, String(value))
  return form
}

function stagedFrom(request: XMLHttpRequest, file: File): Staged {
  rememberQuota(request)
  if (request.status === 401) endSession()
  if (request.status < 200 || request.status > 299)
    throw problemFrom(request.status, request.responseText, request.getResponseHeader('Retry-After'))
  const { upload_id: uploadId } = JSON.parse(request.responseText) as { upload_id: string }
  rememberFile(uploadId, file)
  return { uploadId }
}

let lastQuota: (Quota & { resetAt: number }) | null = null

/** What the last answer told of the quota; null before the first one, and when it is over. */
export function knownQuota(nowSeconds = Date.now() / 1000): Quota | null {
  return lastQuota !== null && nowSeconds < lastQuota.resetAt ? lastQuota : null
}

function rememberQuota(request: XMLHttpRequest): void {
  const limit = request.getResponseHeader('X-RateLimit-Limit')
  const remaining = request.getResponseHeader('X-RateLimit-Remaining')
  const resetAt = Number(request.getResponseHeader('X-RateLimit-Reset'))
  if (limit && remaining) lastQuota = { limit: Number(limit), remaining: Number(remaining), resetAt }
}
