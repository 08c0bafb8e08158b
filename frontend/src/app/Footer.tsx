import { Trans, useLingui } from '@lingui/react'

import { chooseLanguage, language } from '../i18n/setup'
import { pageData } from './pageData'

/** The languages, and where else to go. */
export function Footer() {
  return (
    <footer className="footer">
      <a href={pageData.docs_url}>
        <Trans id="app.footer.api" message="API" />
      </a>
      {pageData.admin_url && (
        <a href={pageData.admin_url}>
          <Trans id="app.footer.admin" message="Administration" />
        </a>
      )}
      <Languages />
    </footer>
  )
}

/** Each language by its own name, so that somebody who reads no other one finds it. */
function Languages() {
  const { i18n } = useLingui()
  return (
    <div className="footer-languages" role="group" aria-label={i18n._({ id: 'app.footer.language', message: 'Language' })}>
      {pageData.languages.map((code) => (
        <button
          key={code}
          type="button"
          className="link-button"
          lang={code}
          aria-current={code === language ? 'true' : undefined}
          onClick={() => chooseLanguage(code)}
        >
          {new Intl.DisplayNames([code], { type: 'language' }).of(code)}
        </button>
      ))}
    </div>
  )
}
