// @vitest-environment node
import { expect, test } from 'vitest'

import { changed, filtersOf, isNarrowed } from './filters'

test('filters come from the URL, and what is no filter does not', () => {
  expect(filtersOf(new URLSearchParams('search=zoe&role=&page=2'))).toEqual({ search: 'zoe' })
})

test('an empty value takes a filter away', () => {
  expect(changed({ search: 'zoe', role: 'admin' }, 'role', '')).toEqual({ search: 'zoe' })
  expect(changed({ search: 'zoe' }, 'role', 'viewer')).toEqual({ search: 'zoe', role: 'viewer' })
})

test('an order does not narrow the list', () => {
  expect(isNarrowed({ sort: '-email' })).toBe(false)
  expect(isNarrowed({ sort: '-email', active: 'false' })).toBe(true)
})
