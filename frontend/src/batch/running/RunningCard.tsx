import { Trans, useLingui } from '@lingui/react'

import { ProblemMessage } from '../../ui/ProblemMessage'
import { type Batch, type Polling } from '../polling'
import { useCancel } from '../useBatch'

/** How far a running import is, and the button that stops it. */
export function RunningCard({ batch, polling }: { batch: Batch; polling: Polling }) {
  const { i18n } = useLingui()
  const cancel = useCancel(batch.id, polling)
  const values = { done: batch.processed_rows, total: batch.total_rows }
  return (
    <section className="card" aria-labelledby="batch-phase">
      <div className="section-head">
        <h2 id="batch-phase">
          {batch.status === 'pending' ? (
            <Trans id="batch.phase.pending" message="Waiting for its turn" />
          ) : (
            <Trans id="batch.phase.processing" message="Adding people" />
          )}
        </h2>
        <span className="number batch-percent">{i18n.number(batch.progress.percent / 100, { style: 'percent' })}</span>
      </div>
      <progress
        max={batch.total_rows}
        value={batch.processed_rows}
        aria-label={i18n._({ id: 'batch.progress.label', message: 'Rows done' })}
      />
      <p className="number batch-progress-words">
        <Trans id="batch.progress.rows" message="{done, number} of {total, number} rows" values={values} />
        <Pace batch={batch} />
      </p>
      <p className="muted small">
        <Trans
          id="batch.progress.leave"
          message="You may close this page: the import goes on, and you find it in the history. You get an e-mail when it has ended, if e-mail is set up."
        />
      </p>
      <ProblemMessage problem={cancel.error} onRetry={() => cancel.mutate()} />
      <div className="actions">
        <button type="button" className="danger-button" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
          <Trans id="batch.cancel" message="Cancel the import" />
        </button>
        <span className="muted small">
          <Trans id="batch.cancel.hint" message="Whoever has been added already stays." />
        </span>
      </div>
    </section>
  )
}

function Pace({ batch }: { batch: Batch }) {
  const { rows_per_second: pace, eta_seconds: left } = batch.progress
  return (
    <>
      {pace !== null && (
        <span>
          <Trans id="batch.progress.pace" message="{pace, number} rows per second" values={{ pace: Math.round(pace) }} />
        </span>
      )}
      {left !== null && (
        <span>
          <Trans
            id="batch.progress.left"
            message="{left, plural, =0 {less than a second left} one {about one second left} other {about # seconds left}}"
            values={{ left }}
          />
        </span>
      )}
    </>
  )
}
