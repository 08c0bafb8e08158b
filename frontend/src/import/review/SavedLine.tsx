/** Says whether what was typed is with the server. */

import { Trans, useLingui } from '@lingui/react'

import type { OutboxState } from './state/outbox'

interface SavedLineProps {
  state: OutboxState
  waitingCount: number
  onRetry: () => void
}

export function SavedLine({ state, waitingCount, onRetry }: SavedLineProps) {
  const { i18n } = useLingui()
  const isTrouble = state === 'offline' || state === 'signed_out' || state === 'held'
  return (
    <p className={`saved-line saved-${state}`}>
      <span role="status">{savedWords(i18n, state, waitingCount)}</span>{' '}
      {isTrouble && (
        <button type="button" className="link-button" onClick={onRetry}>
          <Trans id="import.saved.retry" message="Try now" />
        </button>
      )}
    </p>
  )
}

function savedWords(
  i18n: ReturnType<typeof useLingui>['i18n'],
  state: OutboxState,
  count: number,
): string {
  switch (state) {
    case 'saved':
      return i18n._({ id: 'import.saved.saved', message: 'Saved' })
    case 'saving':
      return i18n._({ id: 'import.saved.saving', message: 'Saving…' })
    case 'offline':
      return i18n._({
        id: 'import.saved.offline',
        message:
          '{count, plural, one {# change is} other {# changes are}} not saved yet: connection lost, trying again',
        values: { count },
      })
    case 'signed_out':
      return i18n._({
        id: 'import.saved.signed_out',
        message:
          '{count, plural, one {# change is} other {# changes are}} kept in this tab until you have signed in again',
        values: { count },
      })
    case 'held':
      return i18n._({
        id: 'import.saved.held',
        message: '{count, plural, one {# change is} other {# changes are}} kept in this tab and not saved yet',
        values: { count },
      })
    case 'gone':
      return i18n._({ id: 'import.saved.gone', message: 'This upload is no longer there' })
  }
}
