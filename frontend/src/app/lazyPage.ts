import { type ComponentType, lazy } from 'react'

import { loadMessages, type Part } from '../i18n/setup'

const RELOADED_KEY = 'page-reloaded-for-chunk'

/**
 * A page that is loaded when it is opened, together with its messages.
 *
 * A tab that was open during a deployment asks for a file that is no longer there. It reloads the document, once.
 */
export function lazyPage<Props>(open: () => Promise<{ default: ComponentType<Props> }>, ...parts: Part[]) {
  return lazy(async () => {
    try {
      const [page] = await Promise.all([open(), loadMessages(...parts)])
      sessionStorage.removeItem(RELOADED_KEY)
      return page
    } catch (error) {
      if (sessionStorage.getItem(RELOADED_KEY) === null) {
        sessionStorage.setItem(RELOADED_KEY, 'yes')
        location.reload()
        return new Promise<never>(() => {})
      }
      throw error
    }
  })
}
