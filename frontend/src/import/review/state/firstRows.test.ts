import { expect, test, vi } from 'vitest'

import type { Review, RowsPage } from '../../api/types'
import { openWith, startingWith } from './firstRows'

const review = { revision: 3 } as Review
type Ask = (offset: number) => Promise<RowsPage>

const page = (revision: number): RowsPage => ({ revision, total: 0, rows: [] })

test('the rows that came with the review are used once', async () => {
  const asked = vi.fn<Ask>(async () => page(4))
  const getRows = startingWith(await openWith(Promise.resolve(review), Promise.resolve(page(3))), asked)
  expect((await getRows(0)).revision).toBe(3)
  expect(asked).not.toHaveBeenCalled()
  expect((await getRows(200)).revision).toBe(4)
  expect(asked).toHaveBeenCalledExactlyOnceWith(200)
})

test('rows of another revision than the review are asked for anew', async () => {
  const asked = vi.fn<Ask>(async () => page(3))
  const getRows = startingWith(await openWith(Promise.resolve(review), Promise.resolve(page(2))), asked)
  expect((await getRows(0)).revision).toBe(3)
  expect(asked).toHaveBeenCalledOnce()
})

test('why there are no first rows is told to who needs them', async () => {
  const failed = Promise.reject<RowsPage>(new Error('offline'))
  const getRows = startingWith(await openWith(Promise.resolve(review), failed), vi.fn<Ask>(async () => page(3)))
  await expect(getRows(0)).rejects.toThrow('offline')
  expect((await getRows(0)).revision).toBe(3)
})
