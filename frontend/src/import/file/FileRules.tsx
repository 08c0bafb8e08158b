/** What a file may hold, in short, and in full on demand. */

import { Trans, useLingui } from '@lingui/react'

import { fieldName } from '../review/words'

export function FileRules({ templateHref }: { templateHref: string }) {
  const { i18n } = useLingui()
  return (
    <section className="file-rules" aria-labelledby="file-rules">
      <h2 id="file-rules">
        <Trans id="import.rules.title" message="What the file holds" />
      </h2>
      <ul>
        <li>
          <Trans
            id="import.rules.required"
            message="One person in each row, with <0>e-mail address</0>, <0>first name</0> and <0>last name</0>"
            components={{ 0: <strong /> }}
          />
        </li>
        <li>
          <Trans
            id="import.rules.headers"
            message="A row of headers. Those of Excel, Google, Microsoft 365, Okta and many others are recognised, and you can match the rest."
          />
        </li>
        <li>
          <Trans
            id="import.rules.mistakes"
            message="Rows with mistakes stop nothing: you mend them here, before anything is imported."
          />
        </li>
      </ul>
      <details>
        <summary>
          <Trans id="import.rules.more" message="All columns and what they may hold" />
        </summary>
        <dl>
          <Rule name={fieldName(i18n, 'role')}>
            <Trans id="import.rules.role" message="admin, analyst or viewer. Empty: the role that you choose." />
          </Rule>
          <Rule name={`${fieldName(i18n, 'department')}, ${fieldName(i18n, 'location')}`}>
            <Trans id="import.rules.text" message="Up to 100 characters" />
          </Rule>
          <Rule name={fieldName(i18n, 'phone')}>
            <Trans id="import.rules.phone" message="With or without the country, such as +44 20 7946 0123" />
          </Rule>
          <Rule
            name={[
              fieldName(i18n, 'market_edge_access'),
              fieldName(i18n, 'causal_edge_access'),
              fieldName(i18n, 'value_edge_access'),
            ].join(', ')}
          >
            <Trans id="import.rules.access" message="yes or no, true or false, 1 or 0. Empty: no." />
          </Rule>
          <Rule name={fieldName(i18n, 'send_invitation')}>
            <Trans id="import.rules.invitation" message="yes or no. Empty: yes." />
          </Rule>
        </dl>
        <p>
          <Trans
            id="import.rules.encodings"
            message="CSV with commas, semicolons, tabs or vertical bars, in any encoding, or an .xlsx workbook. Passwords are never read."
          />
        </p>
      </details>
      <p>
        <a href={templateHref} download>
          <Trans id="import.rules.template" message="Download a template" />
        </a>
      </p>
    </section>
  )
}

function Rule({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  )
}
