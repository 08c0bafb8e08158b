import { expect, it } from 'vitest'

import type { FileReading, Row } from '../../api/types'
import { csvOfRows } from './csv'

const file = { mapping: { email: 'E-mail', first_name: 'Given, name' } } as unknown as FileReading
const row = (values: Record<string, string>): Row => ({
  row: 2,
  state: 'invalid',
  values,
  edited: [],
  problems: [{ field: 'email', code: 'invalid', message: 'The "address" is wrong.' }],
})

it('writes the headers of the file, the cells as they stand and the reasons', () => {
  expect(csvOfRows(file, [row({ email: 'x', first_name: ' a' })])).toBe(
    '\ufeffE-mail,"Given, name",import_errors\r\nx," a","The ""address"" is wrong."\r\n',
  )
})

it('puts an apostrophe before what a spreadsheet would run, and before what looks as if it had one', () => {
  for (const [cell, written] of [['=1+1', "'=1+1"], ['+44', "'+44"], ['-x', "'-x"], ['@x', "'@x"], ["'=1", "''=1"], ['＝1', "'＝1"]])
    expect(csvOfRows(file, [row({ email: cell as string })])).toContain(`\r\n${written},`)
})
