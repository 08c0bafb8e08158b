/** What stands in a cell of the grid, and how a row looks. */

import { Trans } from '@lingui/react'

import type { Row } from '../../api/types'
import { ServerWords } from '../../ServerWords'
import { isRead, type Place } from '../state/rowCache'

/** The id of the sentence that describes a cell. */
export function cellHelpId(row: number, field: string): string {
  return `cell-${row}-${field}`
}

/** The sentences about a cell, as the server gives them. */
export function sentencesOf(row: Row, field: string): string[] {
  return row.problems.filter((problem) => problem.field === field).map(({ message }) => message)
}

export function CellText({ row, field }: { row: Row; field: string }) {
  const sentences = row.state === 'dropped' ? [] : sentencesOf(row, field)
  const isEdited = row.edited.includes(field)
  // Most cells. Without an element of their own they cost half as much while somebody scrolls.
  if (row.state !== 'dropped' && sentences.length === 0 && !isEdited) return row.values[field] ?? ''
  return (
    <>
      {sentences.length > 0 && <WrongIcon />}
      <bdi>{row.values[field] ?? ''}</bdi>
      {(sentences.length > 0 || isEdited) && (
        <span hidden id={cellHelpId(row.row, field)}>
          <ServerWords>{sentences.join(' ')}</ServerWords>{' '}
          {isEdited && <Trans id="import.cell.edited" message="Edited here." />}
        </span>
      )}
    </>
  )
}

export function WrongIcon() {
  return (
    <svg className="wrong-icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d="M8 1.5 15.2 14H.8Z" />
      <path className="wrong-icon-mark" d="M8 6v4M8 11.6v.9" />
    </svg>
  )
}

export function rowClass(place: Place): string | undefined {
  return isRead(place) ? `grid-${place.state}` : undefined
}
