import { Trans } from '@lingui/react'
import { Link } from 'wouter'

import { Problem } from '../api/problem'
import { Heading } from '../app/Heading'
import { StatusBadge } from '../history/StatusBadge'
import { ProblemMessage } from '../ui/ProblemMessage'
import { TableLoading } from '../ui/TableLoading'
import { Time } from '../ui/Time'
import './batch.css'
import { Announcer } from './running/Announcer'
import { Connection } from './running/Connection'
import { ErrorRows } from './errors/ErrorRows'
import { Facts } from './outcome/Facts'
import { Outcome } from './outcome/Outcome'
import { type Batch, isRunning, type Polling } from './polling'
import { RunningCard } from './running/RunningCard'
import { useBatch } from './useBatch'

/** One import: its progress, and then what became of it and what to do next. */
export default function BatchPage({ batchId }: { batchId: string }) {
  const { data: batch, error, refetch, polling } = useBatch(batchId)
  if (!batch)
    return (
      <>
        <Breadcrumb />
        {error ? <NotShown error={error} onRetry={() => void refetch()} /> : <TableLoading rows={4} />}
      </>
    )
  return (
    <>
      <div className="section">
        <Breadcrumb />
        <BatchHead batch={batch} />
      </div>
      <Announcer batch={batch} />
      <BatchBody batch={batch} polling={polling} onChange={() => void refetch()} />
      <Connection error={error} onRetry={() => void refetch()} />
    </>
  )
}

function BatchBody({ batch, polling, onChange }: { batch: Batch; polling: Polling; onChange: () => void }) {
  if (isRunning(batch)) return <RunningCard batch={batch} polling={polling} />
  return (
    <>
      <Outcome batch={batch} onChange={onChange} />
      {batch.failed_rows > 0 && <ErrorRows batch={batch} />}
      <Facts batch={batch} />
    </>
  )
}

function Breadcrumb() {
  return (
    <Link href="/imports" className="back">
      <Trans id="batch.back" message="All imports" />
    </Link>
  )
}

function BatchHead({ batch }: { batch: Batch }) {
  return (
    <div className="page-head">
      <div className="batch-title">
        <Heading title={batch.filename}>
          <bdi>{batch.filename}</bdi>
        </Heading>
        <StatusBadge batch={batch} />
      </div>
      <span className="muted small">
        <Time at={batch.created_at} />
      </span>
    </div>
  )
}

function NotShown({ error, onRetry }: { error: Error; onRetry: () => void }) {
  if (!(error instanceof Problem) || error.status !== 404) return <ProblemMessage problem={error} onRetry={onRetry} />
  return <GoneImport />
}

function GoneImport() {
  return (
    <div className="empty">
      <h1 tabIndex={-1}>
        <Trans id="batch.gone.title" message="There is no such import" />
      </h1>
      <p>
        <Trans id="batch.gone.text" message="Imports are deleted after some time. The people whom it added are still here." />
      </p>
      <Link className="button" href="/imports">
        <Trans id="batch.back" message="All imports" />
      </Link>
    </div>
  )
}
