import { Trans, useLingui } from '@lingui/react'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Link, useSearchParams } from 'wouter'

import { api, dataOf } from '../api/client'
import { keys } from '../api/queryKeys'
import { Heading } from '../app/Heading'
import { organizationId } from '../app/pageData'
import { Pager } from '../ui/Pager'
import { ProblemMessage } from '../ui/ProblemMessage'
import { TableLoading } from '../ui/TableLoading'
import { HistoryTable } from './HistoryTable'
import { StatusFilter } from './StatusFilter'

const PAGE_SIZE = 20
/** A list that shows a running import is read again after this time. */
const RUNNING_MILLISECONDS = 5000

/** The imports of the organisation, newest first. */
export default function HistoryPage() {
  const { i18n } = useLingui()
  const [parameters, setParameters] = useSearchParams()
  const status = parameters.get('status') ?? ''
  const page = Math.max(1, Number(parameters.get('page')) || 1)
  const { data, error, refetch, isPlaceholderData } = useHistory(status, page)

  const show = (next: { status?: string; page?: number }) =>
    setParameters(cleaned({ status: next.status ?? status, page: String(next.page ?? 1) }))
  return (
    <>
      <div className="page-head">
        <Heading title={i18n._({ id: 'history.title', message: 'History' })} />
        <Link className="button primary-button" href="/">
          <Trans id="history.new" message="Import a file" />
        </Link>
      </div>
      <StatusFilter status={status} onChange={(next) => show({ status: next })} />
      <ProblemMessage problem={error} onRetry={() => void refetch()} />
      {!data && !error && <TableLoading rows={8} />}
      {data?.count === 0 && <NothingHere isFiltered={status !== ''} onAll={() => show({ status: '' })} />}
      {data && data.count > 0 && (
        <div className={isPlaceholderData ? 'section is-stale' : 'section'}>
          <HistoryTable batches={data.results} />
          <Pager page={page} pageSize={PAGE_SIZE} count={data.count} onPage={(next) => show({ page: next })} />
        </div>
      )}
    </>
  )
}

function useHistory(status: string, page: number) {
  const query = { page, page_size: PAGE_SIZE, ...(status && { status }) }
  return useQuery({
    queryKey: [...keys.history, status, page],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET('/api/v1/organizations/{org_id}/users/import', { params: { path: { org_id: organizationId }, query }, signal }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) =>
      state.data?.results.some(({ status: each }) => each === 'pending' || each === 'processing') ? RUNNING_MILLISECONDS : false,
  })
}

function cleaned({ status, page }: { status: string; page: string }): Record<string, string> {
  return { ...(status && { status }), ...(page !== '1' && { page }) }
}

function NothingHere({ isFiltered, onAll }: { isFiltered: boolean; onAll: () => void }) {
  if (isFiltered)
    return (
      <div className="empty">
        <h2>
          <Trans id="history.none_such" message="No import has this status" />
        </h2>
        <button type="button" onClick={onAll}>
          <Trans id="history.show_all" message="Show all imports" />
        </button>
      </div>
    )
  return (
    <div className="empty">
      <h2>
        <Trans id="history.empty.title" message="Nobody has imported a file yet" />
      </h2>
      <p>
        <Trans
          id="history.empty.text"
          message="Each import is listed here, with what became of its rows. From here you can look at its errors, mend them, and undo it."
        />
      </p>
    </div>
  )
}
