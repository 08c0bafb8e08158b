import { Trans } from '@lingui/react'
import { useEffect, useRef, useSyncExternalStore } from 'react'

import { loginUrl, onSessionEnd, sessionHasEnded } from '../api/session'

/** Says that the session has ended, and leads to the login, which comes back to the same place. */
export function SessionEnded() {
  const isEnded = useSyncExternalStore(onSessionEnd, sessionHasEnded)
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (isEnded && !dialog.current?.open) dialog.current?.showModal()
  }, [isEnded])
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby="session-ended" onCancel={(event) => event.preventDefault()}>
      <h2 id="session-ended">
        <Trans id="app.session.title" message="Your session has ended" />
      </h2>
      <p>
        <Trans id="app.session.text" message="Log in again to go on where you are. Nothing that you have entered is lost." />
      </p>
      <div className="dialog-actions">
        {isEnded && (
          <a className="button primary-button" href={loginUrl()}>
            <Trans id="app.session.login" message="Log in again" />
          </a>
        )}
      </div>
    </dialog>
  )
}
