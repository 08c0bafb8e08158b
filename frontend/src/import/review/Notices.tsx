/** What happened meanwhile: somebody else changed the upload, or the server refused a change. */

import { Trans, useLingui } from '@lingui/react'

import { Problem } from '../../api/problem'
import { pageData } from '../../app/pageData'
import { ProblemMessage } from '../../ui/ProblemMessage'
import type { Person } from '../api/types'
import { ServerWords } from '../ServerWords'
import type { ReviewProps } from './ReviewPage'

export function Notices({ store, state }: ReviewProps) {
  const { notice, failure, review } = state
  return (
    <>
      <div role="status" className="notice-place">
        {notice?.kind === 'changed_by' && (
          <p className="message notice">
            <ChangedBy email={emailOfOther(notice.person)} />
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

/** The address of somebody else; null for the reader, who has the upload open in another window. */
function emailOfOther(person: Person | null): string | null {
  return person === null || person.email === pageData.user.email ? null : person.email
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
