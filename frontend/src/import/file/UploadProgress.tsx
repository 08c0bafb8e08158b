/** A file on its way: how much is sent, then that it is being checked. It can be stopped. */

import { Trans, useLingui } from '@lingui/react'
import { useEffect, useRef } from 'react'

interface UploadProgressProps {
  filename: string
  /** Between 0 and 1; null: the file is sent and is being checked. */
  sent: number | null
  onStop: () => void
}

export function UploadProgress({ filename, sent, onStop }: UploadProgressProps) {
  const { i18n } = useLingui()
  const stop = useRef<HTMLButtonElement>(null)
  useEffect(() => stop.current?.focus(), [])
  return (
    <div className="drop-zone upload-progress">
      <p className="drop-zone-title" role="status">
        {sent === null ? (
          <Trans id="import.upload.checking" message="Checking each row of {filename}…" values={{ filename }} />
        ) : (
          <Trans id="import.upload.sending" message="Sending {filename}…" values={{ filename }} />
        )}
      </p>
      <progress
        max={1}
        {...(sent === null ? {} : { value: sent })}
        aria-label={i18n._({ id: 'import.upload.progress', message: 'Upload' })}
      />
      <p className="drop-zone-hint">
        {sent === null ? (
          <Trans id="import.upload.nothing_written" message="Nobody is created or invited by this." />
        ) : (
          i18n.number(sent, { style: 'percent' })
        )}
      </p>
      <button type="button" ref={stop} onClick={onStop}>
        <Trans id="import.upload.stop" message="Stop" />
      </button>
    </div>
  )
}
