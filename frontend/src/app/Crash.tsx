import { Trans } from '@lingui/react'
import { Component, type ReactNode } from 'react'

/** Takes the place of a page that could not be loaded or that failed, so that the frame stays usable. */
export class Crash extends Component<{ children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false }

  static getDerivedStateFromError() {
    return { hasFailed: true }
  }

  override render() {
    if (!this.state.hasFailed) return this.props.children
    return (
      <div className="empty" role="alert">
        <h1>
          <Trans id="app.crash.title" message="This page could not be shown" />
        </h1>
        <p>
          <Trans
            id="app.crash.text"
            message="The connection may be lost, or there is a mistake in the page. What was saved is safe. Load the page again."
          />
        </p>
        <button type="button" onClick={() => location.reload()}>
          <Trans id="app.crash.reload" message="Load again" />
        </button>
      </div>
    )
  }
}
