import { Trans, useLingui } from '@lingui/react'
import type { ReactNode } from 'react'
import { Link, useLocation } from 'wouter'

import { csrfToken } from '../api/session'
import { Footer } from './Footer'
import { pageData } from './pageData'

/** The frame of each page: where one is, where one can go, who one is. */
export function Shell({ children }: { children: ReactNode }) {
  return (
    <>
      <a className="skip-link" href="#content">
        <Trans id="app.skip" message="Skip to the content" />
      </a>
      <header className="header">
        <div className="header-inner">
          <Link className="brand" href="/">
            <span className="brand-mark" aria-hidden="true" />
            <span>MarketEdge</span>
          </Link>
          {pageData.user.manages_users && <Navigation />}
          <Account />
        </div>
      </header>
      <main id="content" className="content" tabIndex={-1}>
        {children}
      </main>
      <Footer />
    </>
  )
}

function Navigation() {
  const { i18n } = useLingui()
  return (
    <nav className="navigation" aria-label={i18n._({ id: 'app.nav.label', message: 'Main' })}>
      <NavLink href="/" also="/uploads/">
        <Trans id="app.nav.import" message="Import" />
      </NavLink>
      <NavLink href="/imports">
        <Trans id="app.nav.history" message="History" />
      </NavLink>
      <NavLink href="/people">
        <Trans id="app.nav.people" message="People" />
      </NavLink>
    </nav>
  )
}

interface NavLinkProps {
  href: string
  /** The beginning of other paths that belong to this entry. */
  also?: string
  children: ReactNode
}

function NavLink({ href, also = `${href}/`, children }: NavLinkProps) {
  const [path] = useLocation()
  const current = path === href ? 'page' : path.startsWith(also) ? 'true' : undefined
  return (
    <Link href={href} aria-current={current}>
      {children}
    </Link>
  )
}

function Account() {
  return (
    <div className="account">
      <span className="account-organization">{pageData.organization.name}</span>
      <a href={pageData.account_url} className="account-link" title={pageData.user.email}>
        <Trans id="app.account" message="Account" />
      </a>
      <form method="post" action={pageData.logout_url}>
        <input type="hidden" name="csrfmiddlewaretoken" value={csrfToken()} />
        <button type="submit" className="quiet">
          <Trans id="app.logout" message="Sign out" />
        </button>
      </form>
    </div>
  )
}
