import { Trans, useLingui } from '@lingui/react'
import { Link } from 'wouter'

import type { components } from '../api/schema'
import { Time } from '../ui/Time'
import { Table } from '../ui/Table'
import { StatusBadge } from './StatusBadge'

type Batch = components['schemas']['ListedBatch']

/** Imports, each with what became of its rows. */
export function HistoryTable({ batches }: { batches: Batch[] }) {
  const { i18n } = useLingui()
  const columns = [
    { id: 'file', name: i18n._({ id: 'history.column.file', message: 'File' }) },
    { id: 'status', name: i18n._({ id: 'history.column.status', message: 'Status' }) },
    { id: 'added', name: i18n._({ id: 'history.column.added', message: 'Added' }), isNumber: true },
    { id: 'skipped', name: i18n._({ id: 'history.column.skipped', message: 'Already here' }), isNumber: true },
    { id: 'failed', name: i18n._({ id: 'history.column.failed', message: 'With mistakes' }), isNumber: true },
    { id: 'rows', name: i18n._({ id: 'history.column.rows', message: 'Rows' }), isNumber: true, isMinor: true },
    { id: 'when', name: i18n._({ id: 'history.column.when', message: 'When' }) },
  ]
  return (
    <Table
      label={i18n._({ id: 'history.table', message: 'Imports' })}
      columns={columns}
      rows={batches}
      rowKey={({ id }) => id}
      cell={(batch, column) => <Cell batch={batch} column={column} />}
    />
  )
}

function Cell({ batch, column }: { batch: Batch; column: string }) {
  const { i18n } = useLingui()
  switch (column) {
    case 'file':
      return <Link href={`/imports/${batch.id}`}>{batch.filename || <Trans id="history.unnamed" message="Without a name" />}</Link>
    case 'status':
      return <StatusBadge batch={batch} />
    case 'added':
      return i18n.number(batch.successful_rows)
    case 'skipped':
      return i18n.number(batch.skipped_rows)
    case 'failed':
      return i18n.number(batch.failed_rows)
    case 'rows':
      return i18n.number(batch.total_rows)
    default:
      return <Time at={batch.created_at} />
  }
}
