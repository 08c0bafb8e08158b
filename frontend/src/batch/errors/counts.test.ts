// @vitest-environment node
import { expect, test } from 'vitest'

import { columnsOf, type RowError } from './counts'

const error = (field_name: string) => ({ field_name }) as RowError

test('the column with the most errors comes first', () => {
  expect(columnsOf([error('email'), error('role'), error('role')])).toEqual([
    { field: 'role', count: 2 },
    { field: 'email', count: 1 },
  ])
})
