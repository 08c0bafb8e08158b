import { Trans, useLingui } from '@lingui/react'

import { Heading } from './Heading'
import { pageData } from './pageData'

/** What people see who may not manage others: what they can do, and who can do the rest. */
export function MembersOnly() {
  const { i18n } = useLingui()
  return (
    <section className="empty">
      <Heading title={i18n._({ id: 'app.members.title', message: 'You are signed in' })} />
      <p>
        <Trans
          id="app.members.text"
          message="Only administrators of {organization} import and change people. One of them can give you that role."
          values={{ organization: pageData.organization.name }}
        />
      </p>
      <p className="empty-links">
        <a className="button" href={pageData.account_url}>
          <Trans id="app.members.account" message="Your account" />
        </a>
      </p>
    </section>
  )
}
