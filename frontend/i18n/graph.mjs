/** Which messages each page of src/app/App.tsx uses, and which parts of the catalogue it loads. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

import { readSource } from './messages.mjs'

/** @returns {{page: string, parts: string[]}[]} The lazy pages, with the parts that they name. */
export function pagesOf(app) {
  const calls = readFileSync(app, 'utf8').matchAll(/lazyPage\(\(\) => import\('([^']+)'\)((?:, '\w+')*)\)/g)
  return [...calls].map(([, page, parts]) => ({
    page: resolve(dirname(app), `${page}.tsx`),
    parts: [...parts.matchAll(/\w+/g)].map(([part]) => part),
  }))
}

/** @returns {Set<string>} The ids in a source and in all that it imports. */
export function idsFrom(path, seen = new Set()) {
  if (seen.has(path)) return new Set()
  seen.add(path)
  const code = readFileSync(path, 'utf8')
  const ids = new Set(readSource(path, code).messages.map(({ id }) => id))
  for (const [, name] of code.matchAll(/(?:^|\n)(?:import|export) [^'"]*from '(\.[^']+)'/g)) {
    const imported = ['.ts', '.tsx'].map((end) => resolve(dirname(path), name + end)).find(existsSync)
    if (imported) for (const id of idsFrom(imported, seen)) ids.add(id)
  }
  return ids
}
