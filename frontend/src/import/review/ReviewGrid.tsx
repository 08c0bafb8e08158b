/** The grid with its tools: what its keys do, which rows are chosen, where the cursor is. */

import { useLingui } from '@lingui/react'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'

import type { Row } from '../api/types'
import { choicesOf, shownFields } from '../fields'
import { cellsOf } from '../file/cells'
import { CellBar } from './parts/CellBar'
import { EmptyList } from './parts/EmptyList'
import { Grid, type GridHandle } from './grid/Grid'
import { RowName } from './grid/RowName'
import { pendingCells } from './state/outbox'
import { isRead, withPending } from './state/rowCache'
import type { ReviewProps } from './ReviewPage'
import { Toolbar } from './parts/Toolbar'
import { useDownload } from './download/useDownload'
import { fieldName, stateName } from './words'

interface Cursor {
  index: number
  column: number
}

const BEFORE_ALL: Cursor = { index: -1, column: Number.MAX_SAFE_INTEGER }

interface ReviewGridProps extends ReviewProps {
  /** What follows the grid, around the sentence about the cell with the cursor. */
  renderEnd: (cellBar: React.ReactNode) => React.ReactNode
}

export function ReviewGrid({ store, state, renderEnd }: ReviewGridProps) {
  const { i18n } = useLingui()
  const { review, list, waiting, query } = state
  const grid = useRef<GridHandle>(null)
  const [cursor, setCursor] = useState<Cursor | null>(null)
  const [selected, setSelected] = useState<ReadonlySet<number>>(new Set())
  const download = useDownload(review)

  const columns = useMemo(
    () =>
      shownFields(review.file.mapping).map(({ name, kind }) => ({
        field: name,
        title: fieldName(i18n, name),
        choices: choicesOf(kind),
      })),
    [review.file.mapping, i18n],
  )
  const fields = useMemo(() => columns.map(({ field }) => field), [columns])
  const places = useMemo(() => withPending(list.places, pendingCells(waiting)), [list, waiting])

  const goToNext = useCallback(
    async (step: 1 | -1) => {
      const found = await store.findWrong(fields, cursor ?? BEFORE_ALL, step)
      if (found !== null) grid.current?.goTo(found)
    },
    [store, fields, cursor],
  )
  const undo = useCallback(() => {
    if (store.state.review.can_undo || store.state.waiting.length > 0) store.change({ undo: true })
  }, [store])
  useUndoKey(undo)

  function leaveOut(rows: readonly number[], isOut: boolean) {
    if (rows.length === 0) return
    store.change(isOut ? { dropped: [...rows] } : { restored: [...rows] })
    setSelected(new Set())
  }

  function onKey(event: React.KeyboardEvent, { index, column }: Cursor): boolean {
    const place = places[index]
    if (event.altKey && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      void goToNext(event.key === 'ArrowDown' ? 1 : -1)
      return true
    }
    if (event.key !== 'Delete' || !isRead(place)) return false
    const field = fields[column]
    if (field === undefined) leaveOut([place.row], place.state !== 'dropped')
    else if (place.state !== 'dropped' && place.values[field])
      store.change({ edits: [{ row: place.row, field, value: '' }] })
    return true
  }

  const onVisible = useCallback((from: number, to: number) => store.show(from, to), [store])
  const renderState = useCallback((row: Row) => stateName(i18n, row.state), [i18n])
  const renderRowName = useCallback(
    (row: Row, tabIndex: number, isSelected: boolean) => (
      <RowName
        row={row}
        tabIndex={tabIndex}
        isSelected={isSelected}
        onSelect={(isChosen) => setSelected((before) => toggled(before, row.row, isChosen))}
      />
    ),
    [],
  )
  const active = cursor === null ? undefined : places[cursor.index]

  return (
    <>
    <section className="review-rows">
      <Toolbar
        canUndo={review.can_undo || waiting.length > 0}
        selectedCount={selected.size}
        invalidCount={review.counts.invalid}
        isDownloading={download.isRunning}
        onUndo={undo}
        onLeaveOut={() => leaveOut([...selected], true)}
        onPutBack={() => leaveOut([...selected], false)}
        onNext={() => void goToNext(1)}
        onDownload={() => void download.start()}
      />
      <Grid
        ref={grid}
        label={i18n._({ id: 'import.grid.label', message: 'Rows of the file' })}
        describedBy="cell-bar"
        places={places}
        columns={columns}
        titles={{
          row: i18n._({ id: 'import.grid.row', message: 'Row' }),
          state: i18n._({ id: 'import.grid.state', message: 'State' }),
        }}
        empty={state.isListRead ? <EmptyList state={query.state} /> : null}
        selected={selected}
        renderRowName={renderRowName}
        renderState={renderState}
        onSelect={setSelected}
        onEdit={(row, field, value) => store.change({ edits: [{ row: row.row, field, value }] })}
        onPaste={(index, column, text) =>
          void store.paste(index, fields.slice(column), cellsOf(text))
        }
        onActive={setCursor}
        onVisible={onVisible}
        onKey={onKey}
      />
    </section>
      {renderEnd(
        <CellBar row={isRead(active) ? active : null} field={fields[cursor?.column ?? -1] ?? null} />,
      )}
    </>
  )
}

function toggled(rows: ReadonlySet<number>, row: number, isChosen: boolean): ReadonlySet<number> {
  const next = new Set(rows)
  if (isChosen) next.add(row)
  else next.delete(row)
  return next
}

/** Ctrl+Z (or the command key) takes the last change back, except in a field, which has its own undo. */
function useUndoKey(undo: () => void) {
  useEffect(() => {
    function onKeyDown(event: KeyboardEvent) {
      const isInField = event.target instanceof Element && event.target.closest('input:not([type=checkbox]), textarea, dialog')
      if (event.key !== 'z' || event.shiftKey || !(event.ctrlKey || event.metaKey) || isInField) return
      event.preventDefault()
      undo()
    }
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  }, [undo])
}
