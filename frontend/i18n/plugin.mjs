/**
 * Vite plugin: `virtual:messages` loads the compiled messages of a part of the page in a language; a part holds the ids that
 * begin with its name. In production the English texts are taken out of the sources: they stand in the catalogues.
 */
import { compile, LANGUAGES, poPath, pseudo, readCatalogue } from './catalogues.mjs'
import { messagesIn, readSource } from './messages.mjs'

const LOADER = 'virtual:messages'
const PARTS = ['app', 'import', 'history', 'batch', 'people']

/** @returns {import('vite').Plugin} */
export function catalogues() {
  let isBuild = false
  return {
    name: 'message-catalogues',
    enforce: 'pre',
    configResolved(config) {
      isBuild = config.command === 'build'
    },
    resolveId: (id) => (id === LOADER || id.startsWith(`${LOADER}/`) ? `\0${id}` : null),
    load(id) {
      if (id === `\0${LOADER}`) return loader()
      if (!id.startsWith(`\0${LOADER}/`)) return null
      const [language, part] = id.slice(LOADER.length + 2).split('/')
      for (const each of LANGUAGES) this.addWatchFile(poPath(each))
      return `export const messages = ${JSON.stringify(compile(textsOf(language, part)))}`
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
    PARTS.map((part) => `'${language}/${part}': () => import('${LOADER}/${language}/${part}')`),
  )
  return `const parts = {\n${imports.join(',\n')}\n}\nexport const load = (language, part) => parts[\`\${language}/\${part}\`]()`
}

/** The texts of a part in a language; English where there is no translation. */
function textsOf(language, part) {
  const translated = readCatalogue(language)
  const texts = [...messagesIn('src')].filter(([id]) => id.startsWith(`${part}.`))
  return texts.map(([id, text]) => [id, language === 'en-XA' ? pseudo(text) : translated.get(id) || text])
}

function withoutTexts(code, messages) {
  let rest = code
  for (const { start, end } of messages.toSorted((a, b) => b.start - a.start)) {
    rest = rest.slice(0, start) + rest.slice(end).replace(/^\s*,/, '')
  }
  return rest
}
