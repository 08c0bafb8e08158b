/** Where unsent changes wait in the browser: until the tab is closed, by upload. */

import type { Waiting } from './outbox'

const PREFIX = 'import.unsent.'

export function loadWaiting(uploadId: string): Waiting[] {
  try {
    const stored = JSON.parse(sessionStorage.getItem(PREFIX + uploadId) ?? '[]') as unknown
    return Array.isArray(stored) ? (stored as Waiting[]) : []
  } catch {
    return []
  }
}

/** Stores them; a full or forbidden storage costs only the safety after a reload. */
export function storeWaiting(uploadId: string, waiting: readonly Waiting[]): void {
  try {
    if (waiting.length === 0) sessionStorage.removeItem(PREFIX + uploadId)
    else sessionStorage.setItem(PREFIX + uploadId, JSON.stringify(waiting))
  } catch {
    return
  }
}
