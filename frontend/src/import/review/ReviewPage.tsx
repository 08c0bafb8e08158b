/** The review of an upload: what is wrong, mended in place, and the import at its end. */

import { Trans, useLingui } from '@lingui/react'
import { useCallback, useEffect, useMemo, useState } from 'react'
import { Link, useLocation, useSearchParams } from 'wouter'

import { Heading } from '../../app/Heading'
import { ImportEnd } from '../bar/ImportEnd'
import type { StateFilter } from '../api/types'
import './review.css'
import { CountTabs } from './parts/CountTabs'
import { Notices } from './Notices'
import { ProblemGroups } from './parts/ProblemGroups'
import { ReviewGrid } from './ReviewGrid'
import { SavedLine } from './SavedLine'
import type { ReviewState, ReviewStore } from './state/store'
import { hrefOf, queryIn } from './urls'

export interface ReviewProps {
  store: ReviewStore
  state: ReviewState
}

export function ReviewPage({ store, state }: ReviewProps) {
  const { i18n } = useLingui()
  const { review } = state
  const id = review.upload_id
  const hrefOfQuery = useCallback((query: Parameters<typeof hrefOf>[1]) => hrefOf(id, query), [id])
  useQueryOfUrl(store)

  return (
    <div className="upload-page">
      <header className="page-header">
        <Heading title={i18n._({ id: 'import.review.title', message: 'Review' })} />
        <p className="page-facts">
          <bdi>{review.file.filename}</bdi>
          <Link href={`/uploads/${id}?step=columns`}>
            <Trans id="import.review.columns" message="Columns and how the file was read" />
          </Link>
          {review.edited_by !== null && <EditedBy state={state} />}
        </p>
        <SavedLine
          state={state.outbox}
          waitingCount={state.waiting.length}
          onRetry={() => store.outbox.retry()}
        />
      </header>
      <Notices store={store} state={state} />
      <CountTabs
        counts={review.counts}
        chosen={state.query.state}
        hrefOf={(chosen: StateFilter) => hrefOfQuery({ state: chosen })}
      />
      <ProblemGroups
        problems={review.problems}
        hrefOf={hrefOfQuery}
        onChange={(change) => store.change(change)}
      />
      <NarrowedBy store={store} state={state} />
      <ReviewGrid
        store={store}
        state={state}
        renderEnd={(cellBar) => <ImportEnd store={store} state={state} cellBar={cellBar} />}
      />
    </div>
  )
}

/** Lets the URL choose the rows that are shown. */
function useQueryOfUrl(store: ReviewStore) {
  const [search] = useSearchParams()
  const text = search.toString()
  useEffect(() => store.setQuery(queryIn(new URLSearchParams(text))), [store, text])
}

function EditedBy({ state }: { state: ReviewState }) {
  const { i18n } = useLingui()
  const { edited_by: person, edited_at: at } = state.review
  const time = at === null ? '' : i18n.date(new Date(at), { timeStyle: 'short', dateStyle: 'short' })
  return (
    <span>
      <Trans
        id="import.review.edited_by"
        message="Last change: {email}, {time}"
        values={{ email: person?.email ?? '', time }}
      />
    </span>
  )
}

/** Says that only rows with one mistake are shown, and how to see all again. */
function NarrowedBy({ state, store }: ReviewProps) {
  const [, navigate] = useLocation()
  const { query, review } = state
  const sentence = useMemo(
    () =>
      review.problems
        .find(({ field, code }) => field === query.field && code === query.code)
        ?.values.at(0)?.message,
    [review.problems, query],
  )
  const [shown, setShown] = useState(sentence)
  if (sentence !== undefined && sentence !== shown) setShown(sentence)
  if (query.field === undefined) return null
  return (
    <p className="narrowed">
      <Trans
        id="import.review.narrowed"
        message="Only rows with this mistake are shown: {sentence}"
        values={{ sentence: shown ?? query.field }}
      />{' '}
      <button
        type="button"
        className="link-button"
        onClick={() => navigate(hrefOf(store.state.review.upload_id, { state: 'invalid' }))}
      >
        <Trans id="import.review.all_mistakes" message="Show all mistakes" />
      </button>
    </p>
  )
}
