import { Trans } from '@lingui/react'

/** Takes the place of a table that is being read, so that nothing jumps when it comes. */
export function TableLoading({ rows }: { rows: number }) {
  return (
    <div className="table-loading" role="status">
      <span className="visually-hidden">
        <Trans id="app.loading" message="Loading…" />
      </span>
      {Array.from({ length: rows }, (_, index) => (
        <span key={index} />
      ))}
    </div>
  )
}
