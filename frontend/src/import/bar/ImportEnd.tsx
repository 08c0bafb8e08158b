/** Starts the import of exactly the rows that were reviewed, and goes on to its page. */

import { useState } from 'react'
import { useLocation } from 'wouter'

import { Problem } from '../../api/problem'
import { ProblemMessage } from '../../ui/ProblemMessage'
import { getReview, startImport } from '../api/calls'
import type { Person } from '../api/types'
import type { ReviewProps } from '../review/ReviewPage'
import { ImportBar } from './ImportBar'

interface ImportEndProps extends ReviewProps {
  cellBar: React.ReactNode
}

export function ImportEnd({ store, state, cellBar }: ImportEndProps) {
  const [, navigate] = useLocation()
  const [isStarting, setIsStarting] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const { review } = state

  async function start() {
    setIsStarting(true)
    setProblem(null)
    try {
      // The key is the reviewed state itself: pressed twice, or after a reload, it is one import.
      const batchId = await startImport(review, `${review.upload_id}:${review.revision}`)
      navigate(`/imports/${batchId}`)
    } catch (error) {
      setIsStarting(false)
      if (!(error instanceof Problem)) throw error
      if (error.code !== 'upload_changed') return setProblem(error)
      const present = await getReview(review.upload_id).catch(() => null)
      if (present === null) setProblem(error)
      else store.takeReview(present, editedBy(error))
    }
  }

  return (
    <ImportBar
      review={review}
      isSaving={state.waiting.length > 0}
      isStarting={isStarting}
      onChange={(change) => store.change(change)}
      onImport={() => void start()}
    >
      {cellBar}
      {problem !== null && <ProblemMessage problem={problem} onRetry={() => void start()} />}
    </ImportBar>
  )
}

function editedBy(problem: Problem): Person | null {
  return (problem.members.edited_by as Person | null | undefined) ?? null
}
