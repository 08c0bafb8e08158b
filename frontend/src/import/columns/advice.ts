/** What the page says about the columns of a file: which field has none, which column is not used. */

import { FIELDS, FULL_NAME, type Field, NAME_FIELDS } from '../fields'
import type { FileReading } from '../api/types'

/** The mapping that a choice makes: a field has one column, a column holds one field. */
export function withChoice(
  mapping: Readonly<Record<string, string>>,
  header: string,
  field: string,
): Record<string, string> {
  const next: Record<string, string> = {}
  for (const [name, column] of Object.entries(mapping))
    if (column !== header) next[name] = column
    else if (name !== field) next[name] = ''
  if (field === '') return next
  next[field] = header
  if (field === FULL_NAME) for (const name of NAME_FIELDS) next[name] = ''
  if (NAME_FIELDS.includes(field) && next[FULL_NAME]) next[FULL_NAME] = ''
  return next
}

/** The required fields for which no column is chosen. The full name stands for both names. */
export function missingFields(mapping: Readonly<Record<string, string>>): Field[] {
  return FIELDS.filter(
    ({ name, isRequired }) =>
      isRequired && !mapping[name] && !(NAME_FIELDS.includes(name) && mapping[FULL_NAME]),
  )
}

export interface ColumnAdvice {
  missing: Field[]
  unused: string[]
  /** Headers that stand over several columns: only one of them can be told apart. */
  doubled: string[]
}

export function adviceOn(file: FileReading): ColumnAdvice {
  const headers = file.columns.map(({ header }) => header)
  return {
    missing: missingFields(file.mapping),
    unused: file.columns.filter(({ field }) => field === null).map(({ header }) => header),
    doubled: [...new Set(headers.filter((header, at) => headers.indexOf(header) !== at))],
  }
}

/** Whether somebody should look at the columns before the rows. */
export function needsLook(file: FileReading): boolean {
  const { missing, unused, doubled } = adviceOn(file)
  return (
    missing.length > 0 ||
    unused.length > 0 ||
    doubled.length > 0 ||
    file.encoding_readings.length > 1 ||
    file.sheets.length > 1
  )
}
