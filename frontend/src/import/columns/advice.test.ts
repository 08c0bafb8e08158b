import { describe, expect, it } from 'vitest'

import type { FileReading } from '../api/types'
import { adviceOn, missingFields, needsLook, withChoice } from './advice'

const names = { email: 'Mail', first_name: 'First', last_name: 'Last' }
const file = (columns: [string, string | null][], mapping: Record<string, string>) =>
  ({
    columns: columns.map(([header, field]) => ({ header, field, examples: [] })),
    mapping,
    encoding_readings: [],
    sheets: [],
  }) as unknown as FileReading

describe('the choice of a field for a column', () => {
  it('moves the field away from the column that had it', () => {
    expect(withChoice(names, 'Other', 'email')).toEqual({ ...names, email: 'Other' })
  })

  it('takes the column away from the field that it was', () => {
    expect(withChoice(names, 'Mail', 'phone')).toEqual({ ...names, email: '', phone: 'Mail' })
    expect(withChoice(names, 'Mail', '')).toEqual({ ...names, email: '' })
  })

  it('lets a full name stand for both names, and the other way round', () => {
    const full = withChoice(names, 'Name', 'full_name')
    expect(full).toEqual({ email: 'Mail', first_name: '', last_name: '', full_name: 'Name' })
    expect(withChoice(full, 'First', 'first_name')).toMatchObject({ first_name: 'First', full_name: '' })
  })
})

describe('what is said about the columns', () => {
  it('names required fields without a column; a full name stands for both names', () => {
    expect(missingFields({ first_name: 'First' }).map(({ name }) => name)).toEqual(['email', 'last_name'])
    expect(missingFields({ email: 'Mail', full_name: 'Name' })).toEqual([])
  })

  it('names columns that are not used and headers that stand twice', () => {
    const advice = adviceOn(file([['Mail', 'email'], ['Shoe', null], ['Shoe', null]], names))
    expect(advice).toMatchObject({ unused: ['Shoe', 'Shoe'], doubled: ['Shoe'] })
  })

  it('asks for a look only where something is to be decided', () => {
    expect(needsLook(file([['Mail', 'email']], names))).toBe(false)
    expect(needsLook(file([['Mail', 'email'], ['Shoe', null]], names))).toBe(true)
    expect(needsLook({ ...file([['Mail', 'email']], names), sheets: [{}, {}] as FileReading['sheets'] })).toBe(true)
  })
})
