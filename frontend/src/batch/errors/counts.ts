import type { components } from '../../api/schema'

export type RowError = components['schemas']['RowError']

/** How many errors a column has. */
export interface ColumnCount {
  field: string
  count: number
}

/** The columns in which some errors are, the one with the most first. */
export function columnsOf(errors: RowError[]): ColumnCount[] {
  const counts = new Map<string, number>()
  for (const { field_name: field } of errors) counts.set(field, (counts.get(field) ?? 0) + 1)
  return [...counts]
    .map(([field, count]) => ({ field, count }))
    .sort((a, b) => b.count - a.count || (a.field < b.field ? -1 : 1))
}
