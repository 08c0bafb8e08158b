import type { I18n } from '@lingui/core'

import type { Batch } from '../polling'

/** What became of an import that has ended, in a sentence. */
export function outcomeWords(i18n: I18n, batch: Batch): string {
  const added = batch.successful_rows
  const failed = batch.failed_rows
  if (batch.undone_at)
    return i18n._({
      id: 'batch.outcome.undone',
      message: '{count, plural, =0 {The import was undone. Nobody was removed.} one {The import was undone: one person was removed.} other {The import was undone: # people were removed.}}',
      values: { count: batch.undone_rows },
    })
  if (batch.status === 'cancelled')
    return i18n._({
      id: 'batch.outcome.cancelled',
      message: '{added, plural, =0 {The import was cancelled before anybody was added.} one {The import was cancelled. One person had been added and stays.} other {The import was cancelled. # people had been added and stay.}}',
      values: { added },
    })
  if (batch.status === 'failed' && added === 0 && batch.unprocessed_rows === 0)
    return i18n._({ id: 'batch.outcome.none', message: 'Nobody was added: each row has a mistake.' })
  if (batch.status === 'failed')
    return i18n._({
      id: 'batch.outcome.failed',
      message: '{added, plural, =0 {The import stopped before anybody was added.} one {The import stopped after one person was added.} other {The import stopped after # people were added.}}',
      values: { added },
    })
  if (added === 0)
    return i18n._({ id: 'batch.outcome.all_here', message: 'Nobody was added: everybody in the file is here already.' })
  if (failed > 0)
    return i18n._({
      id: 'batch.outcome.partial',
      message: '{added, plural, one {One person was added} other {# people were added}}; {failed, plural, one {one row has a mistake} other {# rows have mistakes}}.',
      values: { added, failed },
    })
  return i18n._({
    id: 'batch.outcome.done',
    message: '{added, plural, one {One person was added.} other {# people were added.}}',
    values: { added },
  })
}
