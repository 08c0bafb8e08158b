import { describe, expect, it, vi } from 'vitest'

import type { Change, Changed, Counts, Review, Row, RowsPage, RowsQuery } from '../../api/types'
import type { Answer } from './outbox'
import { isRead, PAGE_ROWS } from './rowCache'
import { ReviewStore } from './store'

const TOTAL = 450
const FIELDS = ['email', 'role']

function row(number: number): Row {
  const isWrong = number === 430
  return {
    row: number,
    state: isWrong ? 'invalid' : 'ready',
    values: { email: `p${number}@acme.example`, role: 'viewer' },
    edited: [],
    problems: isWrong ? [{ field: 'role', code: 'invalid_role', message: 'This is no role.' }] : [],
  }
}

const review = { upload_id: 'u', revision: 1, counts: { all: TOTAL } as Counts } as Review

/** A store whose server has 450 rows, the first of which is row 2, and takes every change. */
async function setUp() {
  const getRows = vi.fn((_query: RowsQuery, offset: number, limit: number): Promise<RowsPage> => {
    const length = Math.max(0, Math.min(limit, TOTAL - offset))
    return Promise.resolve({
      revision: 1,
      total: TOTAL,
      rows: Array.from({ length }, (_, at) => row(offset + at + 2)),
    })
  })
  const sent: Change[] = []
  const send = (revision: number, change: Change): Promise<Answer> => {
    sent.push(change)
    const changed = { ...review, revision: revision + 1, rows: [] } as unknown as Changed
    return Promise.resolve({ kind: 'changed', review: changed })
  }
  const store = new ReviewStore(review, { state: 'all' }, {
    getRows,
    outbox: {
      send,
      reload: () => Promise.resolve(null),
      load: () => [],
      store: () => undefined,
      later: () => undefined,
    },
  })
  await store.refresh()
  return { store, getRows, sent }
}

describe('the rows of a review', () => {
  it('have all their places at once, and the first page', async () => {
    const { store, getRows } = await setUp()
    expect(store.state.list.places).toHaveLength(TOTAL)
    expect(store.state.list.places.filter(isRead)).toHaveLength(PAGE_ROWS)
    expect(getRows).toHaveBeenCalledTimes(1)
  })

  it('are fetched once, however often the screen asks for them', async () => {
    const { store, getRows } = await setUp()
    await Promise.all([store.ensure(210, 230), store.ensure(220, 240)])
    expect(getRows.mock.calls.map(([, offset]) => offset)).toEqual([0, PAGE_ROWS])
  })

  it('are fetched on the way to a mistake that is far below', async () => {
    const { store } = await setUp()
    expect(await store.findWrong(FIELDS, { index: 0, column: 0 }, 1)).toEqual({ index: 428, column: 1 })
    expect(await store.findWrong(FIELDS, { index: 428, column: 1 }, 1)).toBeNull()
  })

  it('take pasted cells as one change, without the cells that say the same already', async () => {
    const { store, sent } = await setUp()
    const pasted = [['a@acme.example', 'viewer', 'too much'], ['p3@acme.example', 'admin']]
    expect(await store.paste(0, FIELDS, pasted)).toBe(2)
    expect(sent).toEqual([
      {
        edits: [
          { row: 2, field: 'email', value: 'a@acme.example' },
          { row: 3, field: 'role', value: 'admin' },
        ],
      },
    ])
  })

  it('are read anew after a change that may concern any of them', async () => {
    const { store, getRows } = await setUp()
    store.change({ replace: [{ field: 'role', from: 'boss', to: 'admin' }] })
    await vi.waitFor(() => expect(getRows).toHaveBeenCalledTimes(2))
    expect(store.state.review.revision).toBe(2)
  })

  it('of another filter come from the server, and those of the last one no more', async () => {
    const { store, getRows } = await setUp()
    store.setQuery({ state: 'invalid' })
    expect(getRows.mock.lastCall?.[0]).toEqual({ state: 'invalid' })
    await vi.waitFor(() => expect(store.state.isListRead).toBe(true))
  })
})
