/**
 * Reads the file in another way: it is sent again, and a new upload comes of it.
 *
 * The file is at hand during the visit in which it was chosen. After a reload the page asks for it.
 */

import { Trans, useLingui } from '@lingui/react'
import { useCallback, useEffect, useRef, useState } from 'react'
import { useLocation } from 'wouter'

import { Problem } from '../../api/problem'
import { ProblemMessage } from '../../ui/ProblemMessage'
import { rememberedFile } from '../api/fileMemory'
import type { Change, Review } from '../api/types'
import { type ReadingChoice, type Sending, Stopped, sendFile } from '../api/upload'
import { ACCEPTED } from '../file/checks'

interface ReadAgainProps {
  review: Review
  change: Change
  onCancel: () => void
}

/** Whether the columns have the names that the mapping refers to. */
function namesAreAsBefore({ encoding, sheet, header_row: headerRow }: Change): boolean {
  return encoding === undefined && sheet === undefined && headerRow === undefined
}

/** How the file is to be read now: as before, but for what was changed. */
function readingOf({ file }: Review, change: Change): ReadingChoice {
  const areNamesKept = namesAreAsBefore(change)
  return {
    mapping: areNamesKept ? file.mapping : undefined,
    encoding: change.encoding ?? (file.kind === 'csv' ? file.encoding : undefined),
    delimiter: change.delimiter ?? (file.delimiter || undefined),
    sheet: change.sheet ?? (file.sheet || undefined),
    header_row: change.header_row ?? (areNamesKept ? file.header_row : undefined),
  }
}

export function ReadAgain({ review, change, onCancel }: ReadAgainProps) {
  const { i18n } = useLingui()
  const [, navigate] = useLocation()
  const [problem, setProblem] = useState<Problem | null>(null)
  const running = useRef<Sending | null>(null)
  const known = rememberedFile(review.upload_id)
  const { edited, dropped } = review.counts
  const [isConfirmed, setIsConfirmed] = useState(edited + dropped === 0)

  const send = useCallback(
    async (file: File) => {
      setProblem(null)
      const reading = readingOf(review, change)
      try {
        const { uploadId } = await sendOnceOrTwice(file, reading, running)
        navigate(`/uploads/${uploadId}?step=columns`, { replace: true })
      } catch (error) {
        if (error instanceof Problem) setProblem(error)
        else if (!(error instanceof Stopped)) throw error
      }
    },
    [review, change, navigate],
  )
  useEffect(() => {
    if (known !== undefined && isConfirmed) void send(known)
    return () => running.current?.stop()
  }, [known, isConfirmed, send])

  if (problem !== null)
    return (
      <ProblemMessage problem={problem} {...(known === undefined ? {} : { onRetry: () => void send(known) })} />
    )
  if (!isConfirmed)
    return (
      <div className="message" role="alert">
        <p>
          <Trans
            id="import.again.confirm"
            message="The file is read anew for this, and {count, plural, one {the row that was changed here is} other {the # rows that were changed here are}} as in the file again."
            values={{ count: edited + dropped }}
          />
        </p>
        <button type="button" onClick={() => setIsConfirmed(true)}>
          <Trans id="import.again.do" message="Read it anew" />
        </button>{' '}
        <button type="button" onClick={onCancel}>
          <Trans id="import.again.cancel" message="Leave it as it was" />
        </button>
      </div>
    )
  if (known !== undefined)
    return (
      <p role="status" className="message">
        <Trans id="import.again.reading" message="The file is being read again…" />
      </p>
    )
  return (
    <div className="message" role="alert">
      <p>
        <Trans
          id="import.again.choose"
          message="To read it in another way, the file itself is needed. Choose {filename} once more. Cells that you mended since are not in it."
          values={{ filename: review.file.filename }}
        />
      </p>
      <input
        type="file"
        accept={ACCEPTED}
        aria-label={i18n._({ id: 'import.again.input', message: 'The file once more' })}
        onChange={({ target }) => {
          const file = target.files?.[0]
          if (file !== undefined) void send(file)
        }}
      />
      <button type="button" onClick={onCancel}>
        <Trans id="import.again.cancel" message="Leave it as it was" />
      </button>
    </div>
  )
}

/** In another encoding or on another sheet, the headers may be others: then they are recognised anew. */
async function sendOnceOrTwice(
  file: File,
  reading: ReadingChoice,
  running: React.RefObject<Sending | null>,
) {
  const sendAs = (choice: ReadingChoice) => {
    running.current = sendFile(file, choice, () => undefined)
    return running.current.done
  }
  try {
    return await sendAs(reading)
  } catch (error) {
    const isOtherHeaders = error instanceof Problem && error.code === 'unknown_mapping'
    if (!isOtherHeaders || reading.mapping === undefined) throw error
    return sendAs({ ...reading, mapping: undefined })
  }
}
