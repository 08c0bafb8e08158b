/** Fetches all rows with mistakes and saves them as a file. */

import { useState } from 'react'

import { getRows } from '../../api/calls'
import type { Review, Row } from '../../api/types'
import { csvOfRows, saveAs } from './csv'

const PAGE_ROWS = 500

async function invalidRows(uploadId: string): Promise<Row[]> {
  const rows: Row[] = []
  for (;;) {
    const page = await getRows(uploadId, { state: 'invalid' }, rows.length, PAGE_ROWS)
    rows.push(...page.rows)
    if (page.rows.length === 0 || rows.length >= page.total) return rows
  }
}

export function useDownload(review: Review): { isRunning: boolean; start: () => Promise<void> } {
  const [isRunning, setIsRunning] = useState(false)
  return {
    isRunning,
    start: async () => {
      setIsRunning(true)
      try {
        const rows = await invalidRows(review.upload_id)
        const name = review.file.filename.replace(/\.[^.]*$/, '')
        saveAs(`${name}-errors.csv`, csvOfRows(review.file, rows))
      } finally {
        setIsRunning(false)
      }
    },
  }
}
