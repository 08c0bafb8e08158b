import { Trans } from '@lingui/react'
import type { ReactNode } from 'react'

import type { components } from '../api/schema'

type Batch = components['schemas']['ListedBatch']

/** What became of an import, in words and with a colour. */
export function StatusBadge({ batch }: { batch: Batch }) {
  const [kind, words] = outcomeOf(batch)
  return <span className={`badge ${kind}`}>{words}</span>
}

function outcomeOf(batch: Batch): [string, ReactNode] {
  if (batch.undone_at) return ['', <Trans id="history.status.undone" message="Undone" />]
  switch (batch.status) {
    case 'pending':
      return ['badge-accent', <Trans id="history.status.pending" message="Waiting" />]
    case 'processing':
      return ['badge-accent', <Trans id="history.status.processing" message="Running" />]
    case 'cancelled':
      return ['badge-warning', <Trans id="history.status.cancelled" message="Cancelled" />]
    case 'failed':
      return ['badge-danger', <Trans id="history.status.failed" message="Failed" />]
    default:
      return batch.failed_rows > 0
        ? ['badge-warning', <Trans id="history.status.partial" message="Partly done" />]
        : ['badge-good', <Trans id="history.status.completed" message="Done" />]
  }
}
