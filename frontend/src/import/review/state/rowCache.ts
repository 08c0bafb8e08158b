/**
 * The rows of one filter as far as they were fetched, in pages.
 *
 * A row that is mended stays where it is until the list is read anew, so that nothing jumps under the
 * cursor. The server no longer counts it under the filter; `offsetOf` makes up for that.
 */

import type { Edit, Row, RowsPage, StateFilter } from '../../api/types'

export const PAGE_ROWS = 200

/** A place in the list whose row was not fetched yet. */
export interface Unread {
  row: null
  index: number
}

export type Place = Row | Unread

export interface RowList {
  state: StateFilter
  /** A filter by problem or value: which rows fit it, only the server knows. */
  isNarrowed: boolean
  places: readonly Place[]
}

export function isRead(place: Place | undefined): place is Row {
  return place !== undefined && place.row !== null
}

/** A list of which nothing is fetched. */
export function unreadList(state: StateFilter, isNarrowed: boolean, total: number): RowList {
  return { state, isNarrowed, places: unread(0, total) }
}

function unread(from: number, to: number): Unread[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, at) => ({ row: null, index: from + at }))
}

/** Whether a row belongs under a filter by state. */
export function fits(row: Row, state: StateFilter): boolean {
  if (state === 'all') return true
  if (state === 'edited') return row.edited.length > 0 && row.state !== 'dropped'
  return row.state === state
}

function leftBefore(list: RowList, index: number): number {
  let left = 0
  for (const place of list.places.slice(0, index))
    if (isRead(place) && (!fits(place, list.state) || (list.isNarrowed && place.problems.length === 0)))
      left += 1
  return left
}

/** Where the server's list has what this one has at `index`. */
export function offsetOf(list: RowList, index: number): number {
  return index - leftBefore(list, index)
}

/** The first places of the pages that hold `from` to `to` and have something that is not fetched. */
export function missingPages(list: RowList, from: number, to: number): number[] {
  const pages: number[] = []
  const first = Math.floor(Math.max(0, from) / PAGE_ROWS) * PAGE_ROWS
  for (let start = first; start <= to && start < list.places.length; start += PAGE_ROWS)
    if (list.places.slice(start, start + PAGE_ROWS).some((place) => !isRead(place))) pages.push(start)
  return pages
}

/** The list with a fetched page put in at `index`; null: the server's list changed, read it anew. */
export function withPage(list: RowList, index: number, page: RowsPage): RowList | null {
  const left = leftBefore(list, list.places.length)
  if (page.total + left !== list.places.length) return null
  const places = [...list.places]
  page.rows.forEach((row, at) => {
    if (index + at < places.length) places[index + at] = row
  })
  return { ...list, places }
}

/** The list with rows as the server has just answered them; rows that are not listed are ignored. */
export function withRows(list: RowList, rows: readonly Row[]): RowList {
  if (rows.length === 0) return list
  const byNumber = new Map(rows.map((row) => [row.row, row]))
  const places = list.places.map((place) =>
    isRead(place) ? (byNumber.get(place.row) ?? place) : place,
  )
  return { ...list, places }
}

/**
 * The places with the cells that wait to be saved as somebody typed them. What the server said about
 * such a cell is about its text of before, and is not shown.
 */
export function withPending(
  places: readonly Place[],
  cells: ReadonlyMap<string, Edit>,
): readonly Place[] {
  if (cells.size === 0) return places
  const byRow = new Map<number, Edit[]>()
  for (const edit of cells.values()) byRow.set(edit.row, [...(byRow.get(edit.row) ?? []), edit])
  return places.map((place) => {
    const edits = isRead(place) ? byRow.get(place.row) : undefined
    if (edits === undefined || !isRead(place)) return place
    const values = { ...place.values }
    for (const { field, value } of edits) values[field] = value
    const problems = place.problems.filter(({ field }) => edits.every((edit) => edit.field !== field))
    return { ...place, values, problems }
  })
}

/** The next wrong cell from a place on, in reading order; `fields` is the order of the columns. */
export function nextWrong(
  list: RowList,
  fields: readonly string[],
  from: { index: number; column: number },
  step: 1 | -1,
): { index: number; column: number } | { unread: number } | null {
  let { index, column } = from
  for (;;) {
    column += step
    if (column < 0 || column >= fields.length) {
      index += step
      column = step === 1 ? 0 : fields.length - 1
    }
    const place = list.places[index]
    if (place === undefined) return null
    if (!isRead(place)) return { unread: index }
    if (place.state === 'dropped' || place.problems.length === 0) {
      column = step === 1 ? fields.length : -1
      continue
    }
    const field = fields[column]
    if (field !== undefined && place.problems.some((problem) => problem.field === field))
      return { index, column }
  }
}
