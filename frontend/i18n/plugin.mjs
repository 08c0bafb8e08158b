/**
 * Vite plugin: `virtual:messages` loads the compiled messages of a part of the page in a language; a part holds the ids that
 * begin with its name. In production the English texts are taken out of the sources: they stand in the catalogues.
 */
import { compile, LANGUAGES, poPath, pseudo, readCatalogue } from './catalogues.mjs'
import { messagesIn, readSource } from './messages.mjs'

const LOADER = 'virtual:messages'
/** The beginnings of the ids of each part. An id belongs to the first part that has one. */
const PARTS = {
  app: ['app.'],
  // The first screen: it is loaded before the rest of the way of an import.
  start: ['start', 'file', 'upload', 'refusal', 'fault', 'gone', 'rules', 'recent', 'bytes', 'field', 'role', 'state', 'review'].map(
    (each) => `import.${each}`,
  ),
  import: ['import.'],
  history: ['history.'],
  batch: ['batch.'],
  people: ['people.'],
}

/** The part that holds a message. */
export function partOf(id) {
  const part = Object.keys(PARTS).find((each) => PARTS[each].some((beginning) => id.startsWith(beginning)))
  if (!part) throw new Error(`${id} belongs to no part of the page.`)
  return part
}

/** @returns {import('vite').Plugin} */
export function catalogues() {
  let isBuild = false
  /** Of all sources, read once for each build. */
  let texts = null
  return {
    name: 'message-catalogues',
    enforce: 'pre',
    buildStart() {
      texts = messagesIn('src')
    },
    configResolved(config) {
      isBuild = config.command === 'build'
    },
    resolveId: (id) => (id === LOADER || id.startsWith(`${LOADER}/`) ? `\0${id}` : null),
    load(id) {
      if (id === `\0${LOADER}`) return loader()
      if (!id.startsWith(`\0${LOADER}/`)) return null
      const [language, part] = id.slice(LOADER.length + 2).split('/')
      for (const each of LANGUAGES) this.addWatchFile(poPath(each))
      return `export const messages = ${JSON.stringify(compile(translated(texts, language, part)))}`
    },
    transform(code, id) {
      if (!isBuild || !/\/src\/.*\.tsx?$/.test(id)) return null
      const { messages } = readSource(id, code)
      return messages.length === 0 ? null : { code: withoutTexts(code, messages), map: null }
    },
  }
}

function loader() {
  const imports = ['en', ...LANGUAGES, 'en-XA'].flatMap((language) =>
    Object.keys(PARTS).map((part) => `'${language}/${part}': () => import('${LOADER}/${language}/${part}')`),
  )
  return `const parts = {\n${imports.join(',\n')}\n}\nexport const load = (language, part) => parts[\`\${language}/\${part}\`]()`
}

/** The texts of a part in a language; English where there is no translation. */
function translated(texts, language, part) {
  const translations = readCatalogue(language)
  const own = [...texts].filter(([id]) => partOf(id) === part)
  return own.map(([id, text]) => [id, language === 'en-XA' ? pseudo(text) : translations.get(id) || text])
}

/** The source without the English texts, which production has in its catalogues. */
export function withoutTexts(code, messages) {
  let rest = code
  for (const { start, end } of messages.toSorted((a, b) => b.start - a.start)) {
    rest = rest.slice(0, start) + rest.slice(end).replace(/^\s*,/, '')
  }
  return rest
}
