import { Trans } from '@lingui/react'
import type { ReactNode } from 'react'

import { Problem } from '../api/problem'
import { language } from '../i18n/setup'
import { ProblemHelp } from './ProblemHelp'
import { clock, useSecondsLeft } from './useSecondsLeft'

interface ProblemMessageProps {
  /** What a request was refused with; null shows nothing. */
  problem: unknown
  /** Repeats the request. Without it there is no button. */
  onRetry?: (() => void) | undefined
  /** What else helps at this place. */
  children?: ReactNode
}

/** Why something did not work, in the server's words, with what helps. It is read aloud when it appears. */
export function ProblemMessage({ problem, onRetry, children }: ProblemMessageProps) {
  if (!problem) return null
  const known = problem instanceof Problem ? problem : new Problem({ status: 500, code: 'page_error' })
  // The dialog about the ended session says it already.
  if (known.status === 401) return null
  return (
    <div className={known.isTemporary ? 'message message-warning' : 'message message-danger'} role="alert">
      <p>
        <ProblemWords problem={known} />
      </p>
      <ProblemHelp problem={known} />
      {children}
      <TryAgain problem={known} onRetry={onRetry} />
    </div>
  )
}

/** The server speaks English; a screen reader has to know that in a page of another language. */
export function ProblemWords({ problem }: { problem: Problem }) {
  if (problem.status === 0)
    return <Trans id="app.problem.connection" message="There is no connection to the server. What you have entered is kept." />
  if (!problem.detail)
    return <Trans id="app.problem.unknown" message="Something went wrong ({code})." values={{ code: problem.code }} />
  return language.startsWith('en') ? problem.detail : <span lang="en">{problem.detail}</span>
}

function TryAgain({ problem, onRetry }: { problem: Problem; onRetry: (() => void) | undefined }) {
  const left = useSecondsLeft(problem.retryAfterSeconds, problem)
  if (!problem.isTemporary) return null
  return (
    <div className="actions">
      {left > 0 && (
        // The time changes each second: it is shown, and not read aloud each time.
        <span className="number" aria-live="off">
          <Trans id="app.problem.wait" message="You can try again in {time}." values={{ time: clock(left) }} />
        </span>
      )}
      {onRetry && (
        <button type="button" disabled={left > 0} onClick={onRetry}>
          <Trans id="app.problem.retry" message="Try again" />
        </button>
      )}
    </div>
  )
}
