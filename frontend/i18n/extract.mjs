/** Compares the catalogues with the sources (exit 1 if they differ), or with --write brings them up to date. */
import { readFileSync, writeFileSync, mkdirSync, existsSync } from 'node:fs'

import { formatCatalogue, LANGUAGES, poPath, readCatalogue } from './catalogues.mjs'
import { messagesIn } from './messages.mjs'

const messages = messagesIn('src')
let isComplete = true
for (const language of LANGUAGES) {
  const translations = readCatalogue(language)
  const text = formatCatalogue(language, messages, translations)
  if (process.argv.includes('--write')) {
    mkdirSync('src/locales', { recursive: true })
    writeFileSync(poPath(language), text)
  } else if (!existsSync(poPath(language)) || readFileSync(poPath(language), 'utf8') !== text) {
    console.error(`${poPath(language)} does not hold the messages of the sources: npm run extract`)
    isComplete = false
  }
  const missing = [...messages.keys()].filter((id) => !translations.get(id))
  if (missing.length > 0) {
    console.error(`${language}: ${missing.length} of ${messages.size} messages are not translated:\n  ${missing.join('\n  ')}`)
    isComplete = process.argv.includes('--write')
  }
}
process.exitCode = isComplete ? 0 : 1
