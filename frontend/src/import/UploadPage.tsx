/** A staged upload: its columns, then its rows. The URL says which; `step=look` lets the page decide. */

import { Trans, useLingui } from '@lingui/react'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { Link, useSearchParams } from 'wouter'

import { Problem } from '../api/problem'
import { sessionHasEnded } from '../api/session'
import { Heading } from '../app/Heading'
import { pageData } from '../app/pageData'
import { ProblemMessage } from '../ui/ProblemMessage'
import { answerOf, getReview, getRows, sendChange } from './api/calls'
import type { RowsQuery } from './api/types'
import { needsLook } from './columns/advice'
import { ColumnsPage } from './columns/ColumnsPage'
import './import.css'
import { ReviewPage } from './review/ReviewPage'
import { type Opened, openWith, startingWith } from './review/state/firstRows'
import { PAGE_ROWS } from './review/state/rowCache'
import { loadWaiting, storeWaiting } from './review/state/storage'
import { ReviewStore } from './review/state/store'
import { queryIn } from './review/urls'

export default function UploadPage({ uploadId }: { uploadId: string }) {
  const { i18n } = useLingui()
  const [search] = useSearchParams()
  const { data, error, refetch } = useQuery({
    queryKey: ['review', uploadId],
    queryFn: () => openWith(getReview(uploadId), getRows(uploadId, queryIn(search), 0, PAGE_ROWS)),
    // From here on the store keeps the state; the query only brings the first one.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  })
  if (data !== undefined) return <Upload first={data} />
  const title = i18n._({ id: 'import.review.title', message: 'Review' })
  const answer = error === null ? null : answerOf(error)
  if (answer?.kind === 'gone') return <Gone batchId={answer.batchId} />
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

function newStore(first: Opened, search: URLSearchParams): ReviewStore {
  const id = first.review.upload_id
  return new ReviewStore(first.review, queryIn(search), {
    getRows: startingWith(first, (query: RowsQuery, offset: number, limit: number) => getRows(id, query, offset, limit)),
    outbox: {
      send: (revision, change) => sendChange(id, revision, change),
      reload: () => getReview(id).catch(() => null),
      isMe: ({ email }) => email === pageData.user.email,
      load: () => loadWaiting(id),
      store: (waiting) => storeWaiting(id, waiting),
      later: (run, ms) => void setTimeout(run, ms),
    },
  })
}

function Upload({ first }: { first: Opened }) {
  const [search] = useSearchParams()
  const [store] = useState(() => newStore(first, search))
  const state = useSyncExternalStore(store.subscribe, store.getState)
  useEffect(() => store.start(), [store])
  useReturnToServer(store, state.waiting.length > 0)

  const step = search.get('step')
  const isAtColumns = step === 'columns' || (step === 'look' && needsLook(first.review.file))
  useFocusOnHeading(isAtColumns)
  if (state.outbox === 'gone') return <Gone batchId={state.batchId} />
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
    const retry = () => store.resume()
    window.addEventListener('online', retry)
    window.addEventListener('focus', retry)
    return () => {
      window.removeEventListener('online', retry)
      window.removeEventListener('focus', retry)
    }
  }, [store])
  useEffect(() => {
    // Ends the editing of a cell, which keeps its text, before the page goes away.
    const leaveCell = () => document.activeElement instanceof HTMLElement && document.activeElement.blur()
    window.addEventListener('pagehide', leaveCell)
    return () => window.removeEventListener('pagehide', leaveCell)
  }, [])
  useEffect(() => {
    if (!hasWaiting) return
    const warn = (event: BeforeUnloadEvent) => {
      // Who goes to the login comes back to this tab, which keeps what waits.
      if (!sessionHasEnded()) event.preventDefault()
    }
    window.addEventListener('beforeunload', warn)
    return () => window.removeEventListener('beforeunload', warn)
  }, [hasWaiting])
}

function Gone({ batchId }: { batchId: string | null }) {
  const { i18n } = useLingui()
  return (
    <section className="empty">
      <Heading title={i18n._({ id: 'import.gone.title', message: 'This upload is no longer there' })} />
      <p>
        {batchId === null ? (
          <Trans
            id="import.gone.text"
            message="It was imported, or nobody changed it for a long time. Look into the history, or choose the file again."
          />
        ) : (
          <Trans
            id="import.gone.imported"
            message="It has been imported. What was not saved by then is not part of the import."
          />
        )}
      </p>
      <p className="empty-links">
        {batchId !== null && (
          <Link className="button" href={`/imports/${batchId}`}>
            <Trans id="import.gone.see" message="See the import" />
          </Link>
        )}
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
