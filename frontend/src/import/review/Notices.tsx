/** What happened meanwhile: somebody else changed the upload, or the server refused a change. */

import { Trans, useLingui } from '@lingui/react'

import { Problem } from '../../api/problem'
import { ProblemMessage } from '../../ui/ProblemMessage'
import { ServerWords } from '../ServerWords'
import type { ReviewProps } from './ReviewPage'

export function Notices({ store, state }: ReviewProps) {
  const { notice, failure, review } = state
  return (
    <>
      <div role="status" className="notice-place">
        {notice?.kind === 'changed_by' && (
          <p className="message notice">
            <ChangedBy email={notice.person?.email ?? null} />
            <Dismiss onClick={() => store.dismiss()} />
          </p>
        )}
      </div>
      <div role="alert" className="notice-place">
        {notice?.kind === 'refused' && (
          <p className="message message-danger notice">
            <ServerWords>{notice.detail}</ServerWords> <Dismiss onClick={() => store.dismiss()} />
          </p>
        )}
      </div>
      {failure instanceof Problem && (
        <ProblemMessage problem={failure} onRetry={() => void store.refresh()} />
      )}
      {review.warnings.length > 0 && (
        <details className="warnings">
          <summary>
            <Trans
              id="import.warnings.title"
              message="{count, plural, one {# remark about the file} other {# remarks about the file}}"
              values={{ count: review.warnings.length }}
            />
          </summary>
          <ul>
            {review.warnings.map((warning, at) => (
              <li key={at}>
                <ServerWords>{warning.message}</ServerWords>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  )
}

function ChangedBy({ email }: { email: string | null }) {
  if (email === null)
    return (
      <Trans
        id="import.notice.changed"
        message="This upload was changed in another window. You see its present state, and your last changes were put on top."
      />
    )
  return (
    <Trans
      id="import.notice.changed_by"
      message="{email} changed this upload meanwhile. You see its present state, and your last changes were put on top."
      values={{ email }}
    />
  )
}

function Dismiss({ onClick }: { onClick: () => void }) {
  const { i18n } = useLingui()
  return (
    <button type="button" className="link-button" onClick={onClick}>
      {i18n._({ id: 'import.notice.dismiss', message: 'Understood' })}
    </button>
  )
}
