import { Trans, useLingui } from '@lingui/react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { api, dataOf } from '../../api/client'
import { keys } from '../../api/queryKeys'
import { language } from '../../i18n/setup'
import { ProblemMessage } from '../../ui/ProblemMessage'
import { Table } from '../../ui/Table'
import { TableLoading } from '../../ui/TableLoading'
import type { Batch } from '../polling'
import { pathOf } from '../useBatch'
import { ColumnFilter } from './ColumnFilter'
import { columnsOf, type RowError } from './counts'
import { fieldWords } from './fieldWords'

const ERRORS_PATH = '/api/v1/organizations/{org_id}/users/import/{batch_id}/errors'
const PAGE_SIZE = 200
/** As many as one looks at; the others come when they are asked for. */
const SHOWN_AT_FIRST = 25
/** Cells by which a person recognises a row. */
const CELLS = 3

/** The rows that were not imported: what is wrong with each, and the file with all of them. */
export function ErrorRows({ batch }: { batch: Batch }) {
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetchingNextPage } = useErrors(batch.id)
  const [column, setColumn] = useState<string | null>(null)
  const [isWhole, setWhole] = useState(false)
  const errors = data?.pages.flatMap((page) => page.errors) ?? []
  const total = data?.pages[0]?.total_errors ?? 0
  const fitting = errors.filter((each) => column === null || each.field_name === column)
  const shown = isWhole ? fitting : fitting.slice(0, SHOWN_AT_FIRST)
  return (
    <section className="section" aria-labelledby="batch-errors">
      <div className="section-head">
        <h2 id="batch-errors">
          <Trans
            id="batch.errors.title"
            message="{count, plural, one {One row was not imported} other {# rows were not imported}}"
            values={{ count: batch.failed_rows }}
          />
        </h2>
        <Download batchId={batch.id} />
      </div>
      <p className="muted">
        <Trans id="batch.errors.next" message="Download these rows, mend them in a spreadsheet, and import that file. Nobody is added twice." />
      </p>
      <ProblemMessage problem={error} onRetry={() => void refetch()} />
      {!data && !error && <TableLoading rows={5} />}
      {errors.length > 0 && <ColumnFilter columns={columnsOf(errors)} chosen={column} onChoose={setColumn} />}
      {shown.length > 0 && <ErrorTable errors={shown} />}
      {fitting.length > shown.length && (
        <button type="button" onClick={() => setWhole(true)}>
          <Trans id="batch.errors.whole" message="Show all {count, number}" values={{ count: fitting.length }} />
        </button>
      )}
      {isWhole && hasNextPage && (
        <div className="pager">
          <Trans
            id="batch.errors.shown"
            message="The first {shown, number} of {total, number} errors"
            values={{ shown: errors.length, total }}
          />
          <button type="button" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            <Trans id="batch.errors.more" message="Show more" />
          </button>
        </div>
      )}
    </section>
  )
}

function useErrors(batchId: string) {
  return useInfiniteQuery({
    queryKey: keys.batchErrors(batchId),
    queryFn: ({ pageParam, signal }) =>
      dataOf(api.GET(ERRORS_PATH, { params: { path: pathOf(batchId), query: { page: pageParam, page_size: PAGE_SIZE } }, signal })),
    initialPageParam: 1,
    getNextPageParam: ({ next }, _, page) => (next === null ? undefined : page + 1),
    staleTime: Infinity,
  })
}

function Download({ batchId }: { batchId: string }) {
  const { org_id: organization } = pathOf(batchId)
  return (
    <a className="button primary-button" href={`/api/v1/organizations/${organization}/users/import/${batchId}/errors?format=csv`} download>
      <Trans id="batch.errors.download" message="Download these rows" />
    </a>
  )
}

function ErrorTable({ errors }: { errors: RowError[] }) {
  const { i18n } = useLingui()
  const columns = [
    { id: 'row', name: i18n._({ id: 'batch.errors.row', message: 'Row' }) },
    { id: 'field', name: i18n._({ id: 'batch.errors.field', message: 'Column' }) },
    { id: 'message', name: i18n._({ id: 'batch.errors.message', message: 'What is wrong' }) },
    { id: 'cells', name: i18n._({ id: 'batch.errors.cells', message: 'From the row' }) },
  ]
  return (
    <Table
      label={i18n._({ id: 'batch.errors.table', message: 'Rows that were not imported' })}
      columns={columns}
      rows={errors}
      rowKey={(error) => `${error.row_number} ${error.field_name} ${error.error_code}`}
      cell={(error, column) => <ErrorCell error={error} column={column} />}
    />
  )
}

function ErrorCell({ error, column }: { error: RowError; column: string }) {
  const { i18n } = useLingui()
  switch (column) {
    case 'row':
      return <span className="number">{i18n.number(error.row_number, { useGrouping: false })}</span>
    case 'field':
      return fieldWords(i18n, error.field_name)
    case 'cells':
      return <bdi className="raw-cell">{cellsOf(error)}</bdi>
    default:
      return <span lang={language.startsWith('en') ? undefined : 'en'}>{error.error_message}</span>
  }
}

/** Some cells, addresses and names first. The API does not keep the order of the columns. */
function cellsOf({ row_data: cells }: RowError): string {
  const rank = (header: string) => (/mail/i.test(header) ? 0 : /name/i.test(header) ? 1 : 2)
  const filled = Object.entries(cells).filter(([, value]) => value !== '')
  const sorted = filled.sort(([a], [b]) => rank(a) - rank(b))
  return sorted
    .slice(0, CELLS)
    .map(([, value]) => value)
    .join(' · ')
}
