/** What is shown of a review, in the URL: so that it survives a reload and can be sent to a colleague. */

import type { RowsQuery, StateFilter } from '../api/types'

const STATES: readonly StateFilter[] = ['all', 'ready', 'invalid', 'existing', 'edited', 'dropped']
const NARROWING = ['field', 'code', 'value'] as const

/** The rows that a URL asks for. */
export function queryIn(search: URLSearchParams): RowsQuery {
  const state = STATES.find((one) => one === search.get('state')) ?? 'all'
  const query: RowsQuery = { state }
  for (const name of NARROWING) {
    const value = search.get(name)
    if (value !== null) query[name] = value
  }
  return query
}

/** The URL, relative to the page, that asks for these rows. */
export function hrefOf(uploadId: string, query: RowsQuery): string {
  const search = new URLSearchParams()
  if (query.state !== 'all') search.set('state', query.state)
  for (const name of NARROWING) if (query[name] !== undefined) search.set(name, query[name])
  return search.size === 0 ? `/uploads/${uploadId}` : `/uploads/${uploadId}?${search}`
}
