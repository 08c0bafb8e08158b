/** A staged upload: its columns, then its rows. The URL says which; `step=look` lets the page decide. */

import { Trans, useLingui } from '@lingui/react'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { Link, useSearchParams } from 'wouter'

import { Problem } from '../api/problem'
import { Heading } from '../app/Heading'
import { ProblemMessage } from '../ui/ProblemMessage'
import { getReview, getRows, sendChange } from './api/calls'
import type { Review } from './api/types'
import { needsLook } from './columns/advice'
import { ColumnsPage } from './columns/ColumnsPage'
import './import.css'
import { ReviewPage } from './review/ReviewPage'
import { loadWaiting, storeWaiting } from './review/state/storage'
import { ReviewStore } from './review/state/store'
import { queryIn } from './review/urls'

export default function UploadPage({ uploadId }: { uploadId: string }) {
  const { i18n } = useLingui()
  const { data, error, refetch } = useQuery({
    queryKey: ['review', uploadId],
    queryFn: () => getReview(uploadId),
    // From here on the store keeps the state; the query only brings the first one.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  })
  if (data !== undefined) return <Upload first={data} />
  const title = i18n._({ id: 'import.review.title', message: 'Review' })
  if (error instanceof Problem && error.status === 404) return <Gone />
  return (
    <section className="upload-page">
      <Heading title={title} />
      {error instanceof Problem ? (
        <ProblemMessage problem={error} onRetry={() => void refetch()} />
      ) : (
        <p role="status" className="page-loading">
          <Trans id="import.review.loading" message="Reading the rows…" />
        </p>
      )}
    </section>
  )
}

function newStore(review: Review, search: URLSearchParams): ReviewStore {
  const id = review.upload_id
  return new ReviewStore(review, queryIn(search), {
    getRows: (query, offset, limit) => getRows(id, query, offset, limit),
    outbox: {
      send: (revision, change) => sendChange(id, revision, change),
      reload: () => getReview(id).catch(() => null),
      load: () => loadWaiting(id),
      store: (waiting) => storeWaiting(id, waiting),
      later: (run, ms) => void setTimeout(run, ms),
    },
  })
}

function Upload({ first }: { first: Review }) {
  const [search] = useSearchParams()
  const [store] = useState(() => newStore(first, search))
  const state = useSyncExternalStore(store.subscribe, store.getState)
  useEffect(() => store.start(), [store])
  useReturnToServer(store, state.waiting.length > 0)

  const step = search.get('step')
  const isAtColumns = step === 'columns' || (step === 'look' && needsLook(first.file))
  useFocusOnHeading(isAtColumns)
  if (state.outbox === 'gone') return <Gone />
  return isAtColumns ? <ColumnsPage store={store} state={state} /> : <ReviewPage store={store} state={state} />
}

/** The two steps have one path, so the heading does not notice the step from one to the other. */
function useFocusOnHeading(isAtColumns: boolean) {
  const last = useRef(isAtColumns)
  useEffect(() => {
    if (last.current === isAtColumns) return
    last.current = isAtColumns
    document.querySelector('h1')?.focus()
    window.scrollTo(0, 0)
  }, [isAtColumns])
}

/** Sends what waits as soon as the connection or the person is back; warns before the tab is closed. */
function useReturnToServer(store: ReviewStore, hasWaiting: boolean) {
  useEffect(() => {
    const retry = () => store.outbox.retry()
    window.addEventListener('online', retry)
    window.addEventListener('focus', retry)
    return () => {
      window.removeEventListener('online', retry)
      window.removeEventListener('focus', retry)
    }
  }, [store])
  useEffect(() => {
    if (!hasWaiting) return
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', warn)
    return () => window.removeEventListener('beforeunload', warn)
  }, [hasWaiting])
}

function Gone() {
  const { i18n } = useLingui()
  return (
    <section className="empty">
      <Heading title={i18n._({ id: 'import.gone.title', message: 'This upload is no longer there' })} />
      <p>
        <Trans
          id="import.gone.text"
          message="It was imported, or nobody changed it for a long time. Look into the history, or choose the file again."
        />
      </p>
      <p className="empty-links">
        <Link className="button primary-button" href="/">
          <Trans id="import.gone.again" message="Choose a file" />
        </Link>
        <Link className="button" href="/imports">
          <Trans id="import.gone.history" message="History" />
        </Link>
      </p>
    </section>
  )
}
