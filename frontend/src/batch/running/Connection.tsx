import { Trans } from '@lingui/react'

import { Problem } from '../../api/problem'
import { ProblemMessage } from '../../ui/ProblemMessage'

/** Says that what is shown is not the newest, and why. Nothing while all is well. */
export function Connection({ error, onRetry }: { error: Error | null; onRetry: () => void }) {
  if (!error) return null
  if (!(error instanceof Problem) || error.status !== 0) return <ProblemMessage problem={error} onRetry={onRetry} />
  return (
    <div className="message message-warning" role="status">
      <p>
        <Trans id="batch.connection" message="Connection lost, trying again. The import goes on without this page." />
      </p>
      <div className="actions">
        <button type="button" onClick={onRetry}>
          <Trans id="batch.connection.retry" message="Try again now" />
        </button>
      </div>
    </div>
  )
}
