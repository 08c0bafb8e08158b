/** A file from the moment it is chosen until its upload is there: checked, sent, stopped, refused. */

import { useCallback, useEffect, useRef, useState } from 'react'

import { Problem } from '../../api/problem'
import { type ReadingChoice, type Sending, type Staged, Stopped, sendFile } from '../api/upload'
import { type FileFault, faultOf } from '../file/checks'

export type SendingState =
  | { step: 'idle' }
  | { step: 'fault'; fault: FileFault }
  | { step: 'sending'; file: File; sent: number | null }
  | { step: 'refused'; file: File; reading: ReadingChoice; problem: Problem }

interface UseSending {
  state: SendingState
  take: (files: readonly File[]) => void
  /** Sends the same or another file, to be read in a certain way. */
  send: (file: File, reading: ReadingChoice) => void
  stop: () => void
}

export function useSending(maxBytes: number, onStaged: (staged: Staged) => void): UseSending {
  const [state, setState] = useState<SendingState>({ step: 'idle' })
  const running = useRef<Sending | null>(null)

  const send = useCallback(
    (file: File, reading: ReadingChoice) => {
      setState({ step: 'sending', file, sent: 0 })
      const sending = sendFile(file, reading, (sent) => {
        if (running.current === sending) setState({ step: 'sending', file, sent })
      })
      running.current = sending
      sending.done
        .then(onStaged)
        .catch((error: unknown) => {
          if (error instanceof Stopped) setState({ step: 'idle' })
          else if (error instanceof Problem) setState({ step: 'refused', file, reading, problem: error })
          else throw error
        })
    },
    [onStaged],
  )

  const take = useCallback(
    (files: readonly File[]) => {
      const fault = faultOf(files, maxBytes)
      const [file] = files
      if (fault !== null || file === undefined) setState(fault ? { step: 'fault', fault } : { step: 'idle' })
      else send(file, {})
    },
    [maxBytes, send],
  )

  useEffect(() => () => running.current?.stop(), [])
  return { state, take, send, stop: () => running.current?.stop() }
}
