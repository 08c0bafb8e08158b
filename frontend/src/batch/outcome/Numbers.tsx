import { Trans, useLingui } from '@lingui/react'
import type { ReactNode } from 'react'

import type { Batch } from '../polling'

/** How many rows came to what. What was zero is left out, except for the people who were added. */
export function Numbers({ batch }: { batch: Batch }) {
  return (
    <dl className="numbers">
      <Count value={batch.successful_rows} isAlways words={<Trans id="batch.count.added" message="Added" />} />
      <Count value={batch.skipped_rows} words={<Trans id="batch.count.skipped" message="Already here" />} />
      <Count value={batch.failed_rows} words={<Trans id="batch.count.failed" message="With mistakes" />} />
      <Count value={batch.unprocessed_rows} words={<Trans id="batch.count.unprocessed" message="Not processed" />} />
      <Count value={batch.undone_rows} words={<Trans id="batch.count.undone" message="Removed again" />} />
      <Invitations batch={batch} />
    </dl>
  )
}

function Invitations({ batch: { invitations } }: { batch: Batch }) {
  if (!invitations) return null
  const notDelivered = invitations.failed + invitations.bounced + invitations.unknown
  return (
    <>
      <Count value={invitations.pending} words={<Trans id="batch.count.waiting" message="Invitations waiting" />} />
      <Count value={invitations.sent} words={<Trans id="batch.count.sent" message="Invitations sent" />} />
      <Count value={invitations.accepted} words={<Trans id="batch.count.accepted" message="Accepted" />} />
      <Count value={invitations.expired} words={<Trans id="batch.count.expired" message="Invitations expired" />} />
      <Count value={notDelivered} words={<Trans id="batch.count.not_delivered" message="Invitations not delivered" />} />
    </>
  )
}

function Count({ value, words, isAlways = false }: { value: number; words: ReactNode; isAlways?: boolean }) {
  const { i18n } = useLingui()
  if (value === 0 && !isAlways) return null
  return (
    <div>
      <dt>{words}</dt>
      <dd>{i18n.number(value)}</dd>
    </div>
  )
}
