/** The page of the columns: it sends each choice, and the file again where the server needs it. */

import { Trans, useLingui } from '@lingui/react'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Link, useLocation } from 'wouter'

import { Heading } from '../../app/Heading'
import { getRows } from '../api/calls'
import { Meanwhile } from '../review/Notices'
import { SavedLine } from '../review/SavedLine'
import type { ReviewState, ReviewStore } from '../review/state/store'
import { ServerWords } from '../ServerWords'
import { ColumnsStep } from './ColumnsStep'
import { ReadAgain } from './ReadAgain'

export function ColumnsPage({ store, state }: { store: ReviewStore; state: ReviewState }) {
  const { i18n } = useLingui()
  const [, navigate] = useLocation()
  const { review, notice } = state
  const id = review.upload_id
  const { data } = useQuery({
    queryKey: ['first rows', id, review.revision],
    queryFn: () => getRows(id, { state: 'all' }, 0, 5),
    placeholderData: keepPreviousData,
  })
  const isRefused = notice?.kind === 'refused'
  return (
    <div className="upload-page">
      <header className="page-header">
        <Heading title={i18n._({ id: 'import.columns.title', message: 'Match the columns' })} />
        <p className="page-facts">
          <bdi>{review.file.filename}</bdi>
          <Link href={`/uploads/${id}`}>
            <Trans id="import.columns.to_review" message="To the rows" />
          </Link>
        </p>
        <SavedLine state={state.outbox} waitingCount={state.waiting.length} onRetry={() => store.outbox.retry()} />
      </header>
      <Meanwhile store={store} state={state} />
      <ColumnsStep
        review={review}
        firstRows={data?.rows ?? []}
        isBusy={state.outbox === 'saving'}
        problem={
          isRefused &&
          (notice.code === 'file_needed' ? (
            <ReadAgain review={review} change={notice.change} onCancel={() => store.dismiss()} />
          ) : (
            <p className="message message-danger" role="alert">
              <ServerWords>{notice.detail}</ServerWords>
            </p>
          ))
        }
        onChange={(change) => {
          store.dismiss()
          store.change(change)
        }}
        onReread={(change) => {
          store.dismiss()
          store.change(change)
        }}
        onDone={() => navigate(`/uploads/${id}`)}
      />
    </div>
  )
}
