// @vitest-environment node
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'

import { compile, LANGUAGES, pseudo, readCatalogue } from './catalogues.mjs'
import { idsFrom, pagesOf } from './graph.mjs'
import { messagesIn, readSource, sourcesIn } from './messages.mjs'
import { partOf, withoutTexts } from './plugin.mjs'

/** Names of products and signs, which are the same in each language. */
const SAME_IN_EACH_LANGUAGE = new Set(['MarketEdge'])

test('no string that a user sees is outside the catalogue', () => {
  const bare = sourcesIn('src').flatMap((path) =>
    readSource(path, readFileSync(path, 'utf8'))
      .bare.filter(({ text }) => !SAME_IN_EACH_LANGUAGE.has(text))
      .map(({ text, line }) => `${path}:${line} ${text}`),
  )
  expect(bare).toEqual([])
})

test('a string outside the catalogue is found in each place where a user sees one', () => {
  const code = `const a = <p title="Two words" data-x="not seen">Hello {isNew ? 'new one' : \`old one\`}{'some text'}</p>`
  const found = readSource('a.tsx', code).bare.map(({ text }) => text)
  expect(found.toSorted()).toEqual(['Hello', 'Two words', 'new one', 'old one', 'some text'])
})

test.each(LANGUAGES)('each message has a translation: %s', (language) => {
  const translations = readCatalogue(language)
  const messages = [...messagesIn('src').keys()]
  expect(messages.filter((id) => !translations.get(id))).toEqual([])
})

test.each(LANGUAGES)('a translation has the values of the message, and no others: %s', (language) => {
  const translations = readCatalogue(language)
  const differing = [...messagesIn('src')].filter(([id, text]) => {
    const translation = translations.get(id)
    return translation && valuesOf(translation) !== valuesOf(text)
  })
  expect(differing.map(([id]) => id)).toEqual([])
})

test('each page loads the parts of the catalogue that hold its messages', () => {
  const pages = pagesOf(resolve('src/app/App.tsx'))
  expect(pages.length).toBeGreaterThan(3)
  const missing = pages.flatMap(({ page, parts }) =>
    [...idsFrom(page)].filter((id) => !['app', ...parts].includes(partOf(id))).map((id) => `${page}: ${id}`),
  )
  expect(missing).toEqual([])
  const frame = [...idsFrom(resolve('src/main.tsx'))].filter((id) => partOf(id) !== 'app')
  expect(frame).toEqual([])
})

test('production takes the English text out of the sources and leaves the rest', () => {
  const code = `const a = i18n._({ id: 'app.x', message: 'Hello {n}', values: { n } }); const b = <Trans id="app.y" message="Hi" />`
  expect(withoutTexts(code, readSource('a.tsx', code).messages)).toBe(
    `const a = i18n._({ id: 'app.x',  values: { n } }); const b = <Trans id="app.y"  />`,
  )
})

test('the pseudo language changes texts and no values', () => {
  expect(pseudo('Use {name} now')).toBe('[Úšé {name} ñów ···]')
})

/** The names of the values of a message, in a fixed order. */
function valuesOf(text: string): string {
  const names = new Set<string>()
  const collect = (tokens: unknown): void => {
    if (!Array.isArray(tokens)) return
    for (const token of tokens) {
      if (Array.isArray(token) && typeof token[0] === 'string') {
        names.add(token[0])
        for (const choice of Object.values((token[2] ?? {}) as Record<string, unknown>)) collect(choice)
      }
    }
  }
  collect(compile(new Map([['id', text]])).id)
  return [...names].sort().join(' ')
}
