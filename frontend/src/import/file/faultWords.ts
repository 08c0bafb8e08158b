/** Sentences about a file that is not sent, in the reader's language. */

import type { I18n } from '@lingui/core'

import type { FileFault } from './checks'

/** A number of bytes as people read it, such as "10 MiB". */
export function bytesWords(i18n: I18n, bytes: number): string {
  if (bytes < 1024 * 1024) {
    const value = i18n.number(Math.max(1, Math.round(bytes / 1024)))
    return i18n._({ id: 'import.bytes.kib', message: '{value} KiB', values: { value } })
  }
  const value = i18n.number(bytes / (1024 * 1024), { maximumFractionDigits: 1 })
  return i18n._({ id: 'import.bytes.mib', message: '{value} MiB', values: { value } })
}

/** What was found, what is allowed, what to do. */
export function faultWords(i18n: I18n, fault: FileFault): string {
  switch (fault.code) {
    case 'several':
      return i18n._({
        id: 'import.fault.several',
        message:
          '{count, plural, =0 {There is no file in what you dropped.} other {These are # files.}} Choose one file at a time.',
        values: { count: fault.count },
      })
    case 'empty':
      return i18n._({
        id: 'import.fault.empty',
        message: 'The file is empty. Choose one with a row of headers and rows below it.',
      })
    case 'workbook':
      return i18n._({
        id: 'import.fault.workbook',
        message:
          'A .{ending} file can’t be read. Open it in your spreadsheet program and save it as “Excel workbook (.xlsx)” or as CSV.',
        values: { ending: fault.ending },
      })
    case 'ending':
      return i18n._({
        id: 'import.fault.ending',
        message: 'A .{ending} file is no table. Choose a CSV file or an Excel workbook (.xlsx).',
        values: { ending: fault.ending },
      })
    case 'size':
      return i18n._({
        id: 'import.fault.size',
        message:
          'The file has {size}, and at most {max} are allowed. Split it into several files, or remove columns that are not needed.',
        values: { size: bytesWords(i18n, fault.sizeBytes), max: bytesWords(i18n, fault.maxBytes) },
      })
  }
}
