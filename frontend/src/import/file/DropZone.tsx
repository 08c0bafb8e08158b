/** Where a file is dropped, chosen, or pasted as cells of a spreadsheet. */

import { Trans, useLingui } from '@lingui/react'
import { useEffect, useId, useRef, useState } from 'react'

import { cellsOf, fileOfCells, looksLikeTable } from './cells'
import { ACCEPTED } from './checks'

interface DropZoneProps {
  maxBytesWords: string
  maxRows: number
  describedBy: string
  onFiles: (files: readonly File[]) => void
}

export function DropZone({ maxBytesWords, maxRows, describedBy, onFiles }: DropZoneProps) {
  const { i18n } = useLingui()
  const input = useRef<HTMLInputElement>(null)
  const hintId = useId()
  const [isOver, setIsOver] = useState(false)
  usePastedFile(onFiles, i18n._({ id: 'import.file.pasted_name', message: 'pasted-cells.csv' }))

  return (
    <div
      className={isOver ? 'drop-zone is-over' : 'drop-zone'}
      onDragOver={(event) => {
        event.preventDefault()
        setIsOver(true)
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setIsOver(false)
      }}
      onDrop={(event) => {
        event.preventDefault()
        setIsOver(false)
        onFiles([...event.dataTransfer.files])
      }}
    >
      <DropIcon />
      <p className="drop-zone-title">
        <Trans id="import.file.drop" message="Drop a CSV or Excel file here" />
      </p>
      <button
        type="button"
        className="primary-button"
        aria-describedby={`${hintId} ${describedBy}`}
        onClick={() => input.current?.click()}
      >
        <Trans id="import.file.choose" message="Choose a file" />
      </button>
      <input
        ref={input}
        type="file"
        accept={ACCEPTED}
        hidden
        aria-label={i18n._({ id: 'import.file.input', message: 'File to import' })}
        onChange={({ target }) => {
          const files = [...(target.files ?? [])]
          target.value = '' // so that the same file can be chosen again
          if (files.length > 0) onFiles(files)
        }}
      />
      <p id={hintId} className="drop-zone-hint">
        <Trans
          id="import.file.hint"
          message="Or copy cells in a spreadsheet, with the headers, and paste them here. At most {size} and {rows, number} rows."
          values={{ size: maxBytesWords, rows: maxRows }}
        />
      </p>
    </div>
  )
}

/** Takes what is pasted anywhere on the page, except into a field: a file, or cells. */
function usePastedFile(onFiles: (files: readonly File[]) => void, filename: string) {
  useEffect(() => {
    function paste(event: ClipboardEvent) {
      if (event.target instanceof Element && event.target.closest('input, textarea, dialog')) return
      const files = [...(event.clipboardData?.files ?? [])]
      const text = event.clipboardData?.getData('text/plain') ?? ''
      // A spreadsheet puts a picture of the cells beside their text: the text is meant.
      if (looksLikeTable(text)) onFiles([fileOfCells(cellsOf(text), filename)])
      else if (files.length > 0) onFiles(files)
      else return
      event.preventDefault()
    }
    document.addEventListener('paste', paste)
    return () => document.removeEventListener('paste', paste)
  }, [onFiles, filename])
}

function DropIcon() {
  return (
    <svg className="drop-zone-icon" viewBox="0 0 48 48" aria-hidden="true" focusable="false">
      <path d="M12 6h16l8 8v10M12 6v36h14M28 6v8h8" />
      <path d="M36 44V30m-6 6 6-6 6 6" />
    </svg>
  )
}
