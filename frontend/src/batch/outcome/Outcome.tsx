import { Trans, useLingui } from '@lingui/react'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { Link, useLocation } from 'wouter'

import { keys } from '../../api/queryKeys'
import { language } from '../../i18n/setup'
import { ProblemMessage } from '../../ui/ProblemMessage'
import { Numbers } from './Numbers'
import { outcomeWords } from './outcomeWords'
import type { Batch } from '../polling'
import { UndoDialog } from '../undo/UndoDialog'
import { useRetry } from '../useBatch'

/** What became of an import that has ended, in words and numbers, and what can be done next. */
export function Outcome({ batch, onChange }: { batch: Batch; onChange: () => void }) {
  const { i18n } = useLingui()
  const heading = useRef<HTMLHeadingElement>(null)
  const wasUndone = useRef(batch.undone_at !== null)
  useEffect(() => {
    // The button that had the focus is gone.
    if (batch.undone_at !== null && !wasUndone.current) heading.current?.focus()
    wasUndone.current = batch.undone_at !== null
  }, [batch.undone_at])
  return (
    <section className="card" aria-labelledby="batch-outcome">
      <h2 id="batch-outcome" className="batch-outcome" ref={heading} tabIndex={-1}>
        {outcomeWords(i18n, batch)}
      </h2>
      <StopReason batch={batch} />
      <Numbers batch={batch} />
      <NextSteps batch={batch} onChange={onChange} />
    </section>
  )
}

/** Why an import stopped, in the server's words. */
function StopReason({ batch }: { batch: Batch }) {
  if (batch.status !== 'failed' || !batch.error_message || batch.unprocessed_rows === 0) return null
  return (
    <p className="message message-danger" lang={language.startsWith('en') ? undefined : 'en'}>
      {batch.error_message}
    </p>
  )
}

function NextSteps({ batch, onChange }: { batch: Batch; onChange: () => void }) {
  const [, navigate] = useLocation()
  const client = useQueryClient()
  const [isUndoing, setUndoing] = useState(false)
  const retry = useRetry(batch.id, ({ id }) => {
    void client.invalidateQueries({ queryKey: keys.history })
    navigate(`/imports/${id}`)
  })
  const canRetry = batch.status === 'cancelled' || batch.status === 'failed'
  return (
    <>
      <ProblemMessage problem={retry.error} onRetry={() => retry.mutate()} />
      <div className="actions">
        {batch.successful_rows > batch.undone_rows && (
          <Link className="button" href={`/people?batch=${batch.id}`}>
            <Trans id="batch.next.people" message="Show who was added" />
          </Link>
        )}
        {canRetry && (
          <button type="button" disabled={retry.isPending} onClick={() => retry.mutate()}>
            <Trans id="batch.next.retry" message="Run it again" />
          </button>
        )}
        <Link className="button" href="/">
          <Trans id="batch.next.import" message="Import another file" />
        </Link>
        {canBeUndone(batch) && (
          <button type="button" className="danger-button" onClick={() => setUndoing(true)}>
            <Trans id="batch.next.undo" message="Undo this import…" />
          </button>
        )}
      </div>
      {isUndoing && (
        <UndoDialog
          batch={batch}
          onClose={() => {
            setUndoing(false)
            onChange()
          }}
        />
      )}
    </>
  )
}

function canBeUndone(batch: Batch): boolean {
  const isInTime = batch.undo_until !== null && Date.parse(batch.undo_until) > Date.now()
  return isInTime && batch.undone_at === null && batch.successful_rows > 0
}
