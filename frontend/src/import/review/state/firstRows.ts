/** The first rows, asked for together with the review: the page does not wait for one after the other. */

import type { Review, RowsPage } from '../../api/types'

type Ask<Arguments extends unknown[]> = (...of: Arguments) => Promise<RowsPage>

export interface Opened {
  review: Review
  firstRows: Promise<RowsPage>
}

/** Asks for both at once. Raises what `review` raises. */
export async function openWith(review: Promise<Review>, firstRows: Promise<RowsPage>): Promise<Opened> {
  // Whoever uses the rows sees why there are none.
  firstRows.catch(() => null)
  return { review: await review, firstRows }
}

/**
 * `ask`, answered by `firstRows` the first time. Rows of another revision than the review are asked for anew.
 */
export function startingWith<Arguments extends unknown[]>(
  { review, firstRows }: Opened,
  ask: Ask<Arguments>,
): Ask<Arguments> {
  let isFirst = true
  return async (...of) => {
    if (!isFirst) return ask(...of)
    isFirst = false
    const page = await firstRows
    return page.revision === review.revision ? page : ask(...of)
  }
}
