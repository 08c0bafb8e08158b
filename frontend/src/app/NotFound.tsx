import { Trans, useLingui } from '@lingui/react'
import { Link } from 'wouter'

import { Heading } from './Heading'

/** For a URL that names nothing. */
export function NotFound() {
  const { i18n } = useLingui()
  return (
    <section className="empty">
      <Heading title={i18n._({ id: 'app.not_found.title', message: 'There is nothing at this address' })} />
      <p>
        <Trans id="app.not_found.text" message="The link may be old, or what it led to may have been deleted." />
      </p>
      <Link className="button" href="/">
        <Trans id="app.not_found.start" message="Go to the import" />
      </Link>
    </section>
  )
}
