import { Trans, useLingui } from '@lingui/react'

import { Heading } from './Heading'
import { pageData } from './pageData'

/** For members of the organisation who may look after nobody. */
export function NoAccess() {
  const { i18n } = useLingui()
  return (
    <section className="empty">
      <Heading title={i18n._({ id: 'app.no_access.title', message: 'This page is for administrators' })} />
      <p>
        <Trans
          id="app.no_access.text"
          message="Administrators of {organization} bring people in here. If that is your task, ask one of them to change your role."
          values={{ organization: pageData.organization.name }}
        />
      </p>
      <a className="button" href={pageData.account_url}>
        <Trans id="app.no_access.account" message="Your account" />
      </a>
    </section>
  )
}
