/** Reads and writes the PO files of the page: src/locales/<language>.po, an entry for each id with its English text. */
import { compileMessage } from '@lingui/message-utils/compileMessage'
import { existsSync, readFileSync } from 'node:fs'
import PO from 'pofile'

/** The languages that translators write. English stands in the sources. */
export const LANGUAGES = ['de']
export const poPath = (language) => `src/locales/${language}.po`

/** @returns {Map<string, string>} The translation of each id; an empty one is not translated yet. */
export function readCatalogue(language) {
  if (!existsSync(poPath(language))) return new Map()
  return new Map(PO.parse(readFileSync(poPath(language), 'utf8')).items.map((item) => [item.msgid, item.msgstr[0] ?? '']))
}

/**
 * @param {Map<string, string>} messages - The English text of each id.
 * @param {Map<string, string>} translations - What is translated already.
 * @returns {string} The PO file: the ids of the sources, with what translations has for them.
 */
export function formatCatalogue(language, messages, translations) {
  const po = new PO()
  po.headers = { Language: language, 'Content-Type': 'text/plain; charset=utf-8', 'Content-Transfer-Encoding': '8bit' }
  for (const [id, message] of messages) {
    const item = new PO.Item()
    item.msgid = id
    item.msgstr = [translations.get(id) ?? '']
    item.extractedComments = [message.replaceAll('\n', ' ')]
    po.items.push(item)
  }
  return `${po.toString()}\n`
}

/** @returns {Record<string, unknown>} The messages as Lingui's runtime reads them, without its parser. */
export function compile(messages) {
  return Object.fromEntries([...messages].map(([id, text]) => [id, compileMessage(text)]))
}

/** A text with accents on each letter, and longer, to see what is not in the catalogue and what breaks when texts grow. */
export function pseudo(text) {
  const accented = { a: 'á', e: 'é', i: 'í', o: 'ó', u: 'ú', A: 'Á', E: 'É', O: 'Ó', U: 'Ú', n: 'ñ', s: 'š', c: 'č', S: 'Š' }
  let depth = 0
  return `[${[...text].map((letter) => {
    if (letter === '{' || letter === '<') depth += 1
    if (letter === '}' || letter === '>') depth -= 1
    return depth === 0 ? (accented[letter] ?? letter) : letter
  }).join('')} ···]`
}
