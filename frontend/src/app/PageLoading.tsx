import { Trans } from '@lingui/react'

/** Keeps the place of a page that is being loaded, so that the footer does not jump. */
export function PageLoading() {
  return (
    <p className="page-loading" role="status">
      <Trans id="app.loading" message="Loading…" />
    </p>
  )
}
