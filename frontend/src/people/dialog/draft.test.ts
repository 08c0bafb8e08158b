// @vitest-environment node
import { expect, test } from 'vitest'

import { Problem } from '../../api/problem'
import type { Person } from '../words'
import { changeOf, draftOf, EMPTY, fieldErrorsOf } from './draft'

const person = (values: Partial<Person>) => ({ ...EMPTY, id: '1', email: 'zoe@acme.example', ...values }) as Person

test('only what was changed is sent', () => {
  const zoe = person({ department: 'Sales' })
  expect(changeOf({ ...draftOf(zoe), department: 'Research' }, zoe)).toEqual({ department: 'Research' })
  expect(changeOf(draftOf(zoe), zoe)).toEqual({})
})

test('a refusal stands at the field that it is about', () => {
  const errors = [{ field: 'phone', code: 'invalid_phone', message: 'No number.' }]
  expect(fieldErrorsOf(new Problem({ status: 400, code: 'invalid', errors }))).toEqual({ phone: 'No number.' })
  expect(fieldErrorsOf(new Problem({ status: 409, code: 'last_administrator', detail: 'The last.' }))).toEqual({ role: 'The last.' })
  expect(fieldErrorsOf(new Problem({ status: 412, code: 'person_changed', detail: 'Changed.' }))).toEqual({})
})
