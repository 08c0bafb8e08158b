/** What the button of an import says: what will happen, in numbers. */

import type { I18n } from '@lingui/core'

import type { Counts } from '../api/types'

/** "Import 763 people, invite 700, skip 24 who are already here". */
export function importWords(i18n: I18n, counts: Counts): string {
  return [
    i18n._({
      id: 'import.bar.import',
      message: 'Import {count, plural, one {# person} other {# people}}',
      values: { count: counts.ready },
    }),
    counts.invitations > 0 &&
      i18n._({
        id: 'import.bar.invite',
        message: 'invite {count, number}',
        values: { count: counts.invitations },
      }),
    counts.ready > 0 &&
      counts.existing > 0 &&
      i18n._({
        id: 'import.bar.skip',
        message: 'skip {count, plural, one {# who is already here} other {# who are already here}}',
        values: { count: counts.existing },
      }),
  ]
    .filter((part) => part !== false)
    .join(', ')
}

/** What stays out of the import, or null. */
export function restWords(i18n: I18n, counts: Counts): string | null {
  const parts = [
    counts.invalid > 0 &&
      i18n._({
        id: 'import.bar.invalid',
        message: '{count, plural, one {# row with a mistake stays out} other {# rows with mistakes stay out}}',
        values: { count: counts.invalid },
      }),
    counts.dropped > 0 &&
      i18n._({
        id: 'import.bar.dropped',
        message: '{count, plural, one {# row is left out} other {# rows are left out}}',
        values: { count: counts.dropped },
      }),
  ].filter((part) => part !== false)
  return parts.length === 0 ? null : `${parts.join('; ')}.`
}

/** Whether there is anything to import: rows to create, or at least rows that are skipped. */
export function canImport(counts: Counts): boolean {
  return counts.ready > 0
}

