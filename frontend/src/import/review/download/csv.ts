/** The rows with mistakes as a CSV file, to be mended in a spreadsheet and uploaded again. */

import type { FileReading, Row } from '../../api/types'
import { shownFields } from '../../fields'

/** What a spreadsheet would run as a formula, or what looks escaped already: as on the server. */
const ESCAPABLE = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/

/** A cell of a CSV file. An apostrophe in front of a formula is taken off again by the upload. */
function csvCell(text: string): string {
  const safe = ESCAPABLE.test(text) ? `'${text}` : text
  return /[",;\t\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** The file: the headers of the original, the cells as they stand, and the reasons. */
export function csvOfRows(file: FileReading, rows: readonly Row[]): string {
  const fields = shownFields(file.mapping)
  const header = [...fields.map(({ name }) => file.mapping[name] ?? name), 'import_errors']
  const lines = rows.map((row) => [
    ...fields.map(({ name }) => row.values[name] ?? ''),
    row.problems.map(({ message }) => message).join(' '),
  ])
  // The mark tells spreadsheets that the text is UTF-8.
  return `\ufeff${[header, ...lines].map((line) => line.map(csvCell).join(',')).join('\r\n')}\r\n`
}

/** Lets the browser save a text as a file. */
export function saveAs(filename: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = url
  link.download = filename
  link.click()
  URL.revokeObjectURL(url)
}
