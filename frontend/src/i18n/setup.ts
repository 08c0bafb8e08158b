import { i18n } from '@lingui/core'
import { load } from 'virtual:messages'

import { pageData } from '../app/pageData'

/** The languages that a person can choose, each with its own name. */
export const LANGUAGES = [
  ['en', 'English'],
  ['de', 'Deutsch'],
] as const

/** A language with accents on each letter shows texts that are in no catalogue: open the page with ?lang=en-XA. */
const PSEUDO = 'en-XA'
/** The parts whose messages are loaded, each when its page is. */
export type Part = 'app' | 'import' | 'history' | 'batch' | 'people'

function languageOf(wanted: string): string {
  if (new URLSearchParams(location.search).get('lang') === PSEUDO) return PSEUDO
  return LANGUAGES.find(([code]) => code === wanted)?.[0] ?? LANGUAGES.find(([code]) => wanted.startsWith(`${code}-`))?.[0] ?? 'en'
}

const language = languageOf(pageData.language)

/** Loads the messages of parts of the page in the page's language. */
export async function loadMessages(...parts: Part[]): Promise<void> {
  const loaded = await Promise.all(parts.map((part) => load(language, part)))
  for (const { messages } of loaded) i18n.load(language, messages)
  if (i18n.locale !== language) i18n.activate(language)
}

export { i18n }
