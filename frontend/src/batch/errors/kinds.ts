import type { components } from '../../api/schema'

export type RowError = components['schemas']['RowError']

/** Errors of the same field with the same code. */
export interface Kind {
  key: string
  field: string
  code: string
  count: number
}

export const kindKey = (error: RowError) => `${error.field_name} ${error.error_code}`

/** The kinds among some errors, the most frequent first. */
export function kindsOf(errors: RowError[]): Kind[] {
  const kinds = new Map<string, Kind>()
  for (const error of errors) {
    const key = kindKey(error)
    const kind = kinds.get(key) ?? { key, field: error.field_name, code: error.error_code, count: 0 }
    kinds.set(key, { ...kind, count: kind.count + 1 })
  }
  return [...kinds.values()].sort((a, b) => b.count - a.count || a.key.localeCompare(b.key))
}
