import { expect, test } from 'vitest'

import { kindsOf, type RowError } from './kinds'

const error = (field_name: string, error_code: string) => ({ field_name, error_code }) as RowError

test('the most frequent kind of error comes first', () => {
  const kinds = kindsOf([error('email', 'invalid_email'), error('role', 'invalid_role'), error('role', 'invalid_role')])
  expect(kinds.map(({ key, count }) => [key, count])).toEqual([
    ['role invalid_role', 2],
    ['email invalid_email', 1],
  ])
})
