import { Trans } from '@lingui/react'

import { pageData } from './pageData'

/** The language, and where else to go. */
export function Footer() {
  return (
    <footer className="footer">
      <a href="/api/v1/docs">
        <Trans id="app.footer.api" message="API" />
      </a>
      {pageData.admin_url && (
        <a href={pageData.admin_url}>
          <Trans id="app.footer.admin" message="Administration" />
        </a>
      )}
    </footer>
  )
}
