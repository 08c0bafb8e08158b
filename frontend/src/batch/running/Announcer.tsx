import { useLingui } from '@lingui/react'
import { useEffect, useRef, useState } from 'react'

import { outcomeWords } from '../outcome/outcomeWords'
import { type Batch, isRunning } from '../polling'

/** A screen reader is told how far the import is after this time, not at each poll. */
const QUIET_MILLISECONDS = 10_000

/** Tells a screen reader how far the import is, and that it has ended. What ended before the page was opened is not told. */
export function Announcer({ batch }: { batch: Batch }) {
  const { i18n } = useLingui()
  const [words, setWords] = useState('')
  const last = useRef({ atMilliseconds: 0, wasRunning: false })
  useEffect(() => {
    const running = isRunning(batch)
    const isDue = Date.now() - last.current.atMilliseconds >= QUIET_MILLISECONDS
    if (running ? isDue : last.current.wasRunning) {
      last.current.atMilliseconds = Date.now()
      const { percent } = batch.progress
      setWords(
        running ? i18n._({ id: 'batch.announce.progress', message: '{percent} percent done', values: { percent } }) : outcomeWords(i18n, batch),
      )
    }
    last.current.wasRunning = running
  }, [batch, i18n])
  return (
    <p className="visually-hidden" role="status">
      {words}
    </p>
  )
}
