/** What can be done with the rows: undo, leave out, put back, go to the next mistake, download. */

import { Trans } from '@lingui/react'

interface ToolbarProps {
  canUndo: boolean
  selectedCount: number
  invalidCount: number
  isDownloading: boolean
  onUndo: () => void
  onLeaveOut: () => void
  onPutBack: () => void
  onNext: () => void
  onDownload: () => void
}

export function Toolbar(props: ToolbarProps) {
  const { canUndo, selectedCount, invalidCount } = props
  return (
    <div className="review-toolbar">
      <button type="button" onClick={props.onNext} disabled={invalidCount === 0}>
        <Trans id="import.tools.next" message="Next mistake" /> <kbd><Trans id="import.tools.next_key" message="Alt ↓" /></kbd>
      </button>
      <button type="button" onClick={props.onUndo} disabled={!canUndo}>
        <Trans id="import.tools.undo" message="Undo" /> <kbd><Trans id="import.tools.undo_key" message="Ctrl Z" /></kbd>
      </button>
      {selectedCount > 0 && (
        <>
          <button type="button" onClick={props.onLeaveOut}>
            <Trans
              id="import.tools.leave_out"
              message="{count, plural, one {Leave out # row} other {Leave out # rows}}"
              values={{ count: selectedCount }}
            />
          </button>
          <button type="button" onClick={props.onPutBack}>
            <Trans
              id="import.tools.put_back"
              message="{count, plural, one {Put # row back} other {Put # rows back}}"
              values={{ count: selectedCount }}
            />
          </button>
        </>
      )}
      {invalidCount > 0 && (
        <button type="button" onClick={props.onDownload} disabled={props.isDownloading}>
          <Trans id="import.tools.download" message="Download rows with mistakes" />
        </button>
      )}
    </div>
  )
}
