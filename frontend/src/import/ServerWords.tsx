/** A sentence of the server. It speaks English; a screen reader has to know that in another language. */

import { language } from '../i18n/setup'

export function ServerWords({ children }: { children: string }) {
  return language.startsWith('en') ? children : <span lang="en">{children}</span>
}
