import { pageData } from '../app/pageData'

/** Tells the page that the session has ended: a request was answered with 401. */
type Listener = () => void

const listeners = new Set<Listener>()
let ended = false

export function sessionHasEnded(): boolean {
  return ended
}

export function endSession(): void {
  tell(true)
}

/** Tells the page that the session is there: a request was answered. Somebody may have logged in in another tab. */
export function keepSession(): void {
  tell(false)
}

function tell(isEnded: boolean): void {
  if (isEnded === ended) return
  ended = isEnded
  for (const listener of listeners) listener()
}

/** For useSyncExternalStore: calls the listener when the session ends, and when it is there again. */
export function onSession(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** The URL that logs in and comes back to where one is. */
export function loginUrl(): string {
  return `${pageData.login_url}?next=${encodeURIComponent(location.pathname + location.search)}`
}

/** Django's CSRF token. A login changes it, so it is read for each request. */
export function csrfToken(): string {
  return /(?:^|;\s*)csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? ''
}
