import { Suspense } from 'react'
import { Route, Switch, useLocation } from 'wouter'

import { Crash } from './Crash'
import { lazyPage } from './lazyPage'
import { NoAccess } from './NoAccess'
import { NotFound } from './NotFound'
import { pageData } from './pageData'
import { PageLoading } from './PageLoading'
import { SessionEnded } from './SessionEnded'
import { Shell } from './Shell'

const StartPage = lazyPage(() => import('../import/start/StartPage'), 'start')
const UploadPage = lazyPage(() => import('../import/UploadPage'), 'start', 'import')
const HistoryPage = lazyPage(() => import('../history/HistoryPage'), 'history')
const BatchPage = lazyPage(() => import('../batch/BatchPage'), 'batch', 'history')
const PeoplePage = lazyPage(() => import('../people/PeoplePage'), 'people')

/** The page: its frame, and what the URL names. */
export function App() {
  return (
    <>
      <Shell>{pageData.user.manages_users ? <Pages /> : <NoAccess />}</Shell>
      <SessionEnded />
    </>
  )
}

function Pages() {
  const [path] = useLocation()
  return (
    <Crash key={path}>
      <Suspense fallback={<PageLoading />}>
        <Switch>
          <Route path="/">
            <StartPage />
          </Route>
          <Route path="/uploads/:id">{({ id }) => <UploadPage key={id} uploadId={id} />}</Route>
          <Route path="/imports">
            <HistoryPage />
          </Route>
          <Route path="/imports/:id">{({ id }) => <BatchPage key={id} batchId={id} />}</Route>
          <Route path="/people">
            <PeoplePage />
          </Route>
          <Route>
            <NotFound />
          </Route>
        </Switch>
      </Suspense>
    </Crash>
  )
}
