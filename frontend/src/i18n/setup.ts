import { i18n } from '@lingui/core'
import { load } from 'virtual:messages'

import { pageData } from '../app/pageData'

/** A language with accents on each letter shows texts that are in no catalogue: open the page with ?lang=en-XA. */
const PSEUDO = 'en-XA'
const YEAR_SECONDS = 31_536_000
/** The parts whose messages are loaded, each when its page is. */
export type Part = 'app' | 'start' | 'import' | 'history' | 'batch' | 'people'

/** The language of the page. */
export const language =
  new URLSearchParams(location.search).get('lang') === PSEUDO ? PSEUDO : (pageData.language.split('-')[0] ?? 'en')

/** Numbers and dates as the browser's user writes them, where that is the page's language: 27/11/2026 in British English. */
const formats = [...navigator.languages.filter((each) => each.startsWith(language)), language]

/** Loads the messages of parts of the page in the page's language. */
export async function loadMessages(...parts: Part[]): Promise<void> {
  const loaded = await Promise.all(parts.map((part) => load(language, part)))
  for (const { messages } of loaded) i18n.load(language, messages)
  if (i18n.locale !== language) i18n.activate(language, formats)
}

/** Remembers the choice in the cookie that the server reads, and loads the page in that language. */
export function chooseLanguage(code: string): void {
  document.cookie = `${pageData.language_cookie}=${code}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`
  location.reload()
}

export { i18n }
