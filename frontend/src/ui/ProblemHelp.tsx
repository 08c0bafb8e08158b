import { Trans } from '@lingui/react'
import type { ReactNode } from 'react'

import type { Problem } from '../api/problem'

/** What a person can do about a refusal, beside what the server says. Nothing where its words say it all. */
export function ProblemHelp({ problem }: { problem: Problem }) {
  const help = helpFor(problem)
  return help && <p className="small">{help}</p>
}

function helpFor({ status, code }: Problem): ReactNode {
  if (code === 'imports_halted')
    return <Trans id="app.help.halted" message="Imports are stopped for a while. Everything that you have prepared is kept." />
  if (code === 'feature_disabled')
    return <Trans id="app.help.disabled" message="Your operator has switched this off. People who are here already can still log in." />
  if (code === 'upload_blocked')
    return <Trans id="app.help.blocked" message="Only the people who run MarketEdge for you can lift this. Tell them your address and the time." />
  if (code === 'csrf_failed')
    return <Trans id="app.help.csrf" message="Reload this page and do it again. The browser has to accept cookies." />
  if (status === 403)
    return <Trans id="app.help.forbidden" message="An administrator of your organisation can give you another role." />
  if (status === 413)
    return <Trans id="app.help.too_large" message="Split the file, or remove sheets and columns that nobody needs here." />
  if (status === 429)
    return <Trans id="app.help.quota" message="This limit keeps the service quick for everybody. Nothing that you have prepared is lost." />
  if (status === 404)
    return <Trans id="app.help.not_found" message="It may have been deleted, or it belongs to another organisation." />
  if (status >= 500)
    return <Trans id="app.help.server" message="Nothing that you have entered is lost. If it happens again, tell the people who run MarketEdge for you." />
  return null
}
