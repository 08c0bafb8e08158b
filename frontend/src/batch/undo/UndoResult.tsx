import { Trans } from '@lingui/react'

import type { Undone } from './useUndo'

/** What an undo did: how many were removed, and who was kept for which reason. */
export function UndoResult({ undone }: { undone: Undone }) {
  return (
    <>
      <p role="status">
        <Trans
          id="batch.undo.removed"
          message="{removed, plural, =0 {Nobody was removed} one {One person was removed} other {# people were removed}}{kept, plural, =0 {.} one {, one was kept.} other {, # were kept.}}"
          values={{ removed: undone.removed_rows, kept: undone.kept_rows + undone.moved_rows }}
        />
      </p>
      {undone.kept.length > 0 && (
        <ul className="batch-kept">
          {undone.kept.map(({ user_id: id, email, reason }) => (
            <li key={id}>
              <bdi>{email}</bdi>
              <span className="muted">
                <Trans
                  id="batch.undo.reason"
                  message="{reason, select, logged_in {has logged in} invitation_accepted {has accepted the invitation} edited {was changed since} other {is referred to by other data}}"
                  values={{ reason }}
                />
              </span>
            </li>
          ))}
        </ul>
      )}
      {undone.kept_rows > undone.kept.length && (
        <p className="muted small">
          <Trans id="batch.undo.first" message="These are the first {count, number}." values={{ count: undone.kept.length }} />
        </p>
      )}
    </>
  )
}
