import { describe, expect, it } from 'vitest'

import type { Row, RowState } from '../../api/types'
import {
  isRead,
  missingPages,
  nextWrong,
  offsetOf,
  PAGE_ROWS,
  unreadList,
  withPage,
  withPending,
  withRows,
} from './rowCache'

function row(number: number, state: RowState = 'ready', wrong: string[] = []): Row {
  return {
    row: number,
    state,
    values: { email: `p${number}@acme.example`, role: 'viewer' },
    edited: [],
    problems: wrong.map((field) => ({ field, code: 'invalid', message: 'This is wrong.' })),
  }
}

const page = (rows: Row[], total: number) => ({ revision: 1, total, rows })
const range = (from: number, to: number, state: RowState = 'ready') =>
  Array.from({ length: to - from }, (_, at) => row(from + at, state, state === 'invalid' ? ['role'] : []))

describe('the rows of a filter', () => {
  it('are fetched in the pages that are on the screen and not there yet', () => {
    const list = unreadList('all', false, 1000)
    expect(missingPages(list, 190, 210)).toEqual([0, PAGE_ROWS])
    const read = withPage(list, 0, page(range(2, 2 + PAGE_ROWS), 1000))
    expect(read && missingPages(read, 190, 210)).toEqual([PAGE_ROWS])
    expect(read && missingPages(read, 990, 2000)).toEqual([800])
  })

  it('stay where they are when they are mended, and the next page begins where the server counts', () => {
    const list = withPage(unreadList('invalid', false, 400), 0, page(range(2, 202, 'invalid'), 400))
    if (list === null) throw new Error('The page does not fit.')
    const mended = withRows(list, [row(2), row(3)])
    expect(mended.places.filter(isRead)).toHaveLength(PAGE_ROWS)
    expect(offsetOf(mended, PAGE_ROWS)).toBe(PAGE_ROWS - 2)
    expect(withPage(mended, PAGE_ROWS, page(range(202, 402, 'invalid'), 398))?.places.every(isRead)).toBe(true)
  })

  it('are read anew where the server counts others than the page', () => {
    expect(withPage(unreadList('all', false, 400), 0, page([], 399))).toBeNull()
  })

  it('show what waits to be saved', () => {
    const cells = new Map([['2 role', { row: 2, field: 'role', value: 'boss' }]])
    const places = withPending([row(2, 'invalid', ['role', 'email']), row(3)], cells).filter(isRead)
    expect(places.map(({ values }) => values.role)).toEqual(['boss', 'viewer'])
    expect(places[0]?.problems.map(({ field }) => field)).toEqual(['email'])
  })
})

describe('the next wrong cell', () => {
  const fields = ['email', 'role']
  const list = {
    ...unreadList('all', false, 5),
    places: [row(2), row(3, 'invalid', ['email', 'role']), row(4, 'dropped', ['role']), row(5, 'invalid', ['email'])],
  }

  it('is found in reading order, in both directions', () => {
    expect(nextWrong(list, fields, { index: -1, column: 9 }, 1)).toEqual({ index: 1, column: 0 })
    expect(nextWrong(list, fields, { index: 1, column: 0 }, 1)).toEqual({ index: 1, column: 1 })
    expect(nextWrong(list, fields, { index: 3, column: 0 }, -1)).toEqual({ index: 1, column: 1 })
  })

  it('is in no row that is left out', () => {
    expect(nextWrong(list, fields, { index: 1, column: 1 }, 1)).toEqual({ index: 3, column: 0 })
  })

  it('asks for a row that was not fetched yet', () => {
    expect(nextWrong(unreadList('all', false, 3), fields, { index: -1, column: 9 }, 1)).toEqual({ unread: 0 })
  })

  it('is nowhere behind the last one', () => {
    expect(nextWrong(list, fields, { index: 3, column: 0 }, 1)).toBeNull()
  })
})
