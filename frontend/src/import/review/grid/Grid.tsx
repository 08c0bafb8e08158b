/**
 * The grid of rows: the only file that knows react-data-grid.
 *
 * It draws the rows on the screen and no others, but always all columns: a screen reader announces
 * wrong column numbers where columns are left out. The grid never leaves out a frozen column, so all
 * are frozen for it; grid.css lets only the first one stay in place. The real widths are there, too.
 */

import 'react-data-grid/lib/styles.css'
import './grid.css'

import { type ReactNode, type Ref, useCallback, useImperativeHandle, useMemo, useRef } from 'react'
import {
  Cell,
  type CellKeyboardEvent,
  type CellKeyDownArgs,
  type CellPasteArgs,
  type CellRendererProps,
  type Column,
  DataGrid,
  type DataGridHandle,
  Row as GridRow,
  type RenderEditCellProps,
  type RenderRowProps,
} from 'react-data-grid'

import type { Row } from '../../api/types'
import { CellEditor } from './CellEditor'
import { cellHelpId, CellText, rowClass } from './cells'
import { isRead, type Place } from '../state/rowCache'

export const ROW_HEIGHT_PX = 34
/** The row's number and its state stand before the fields. */
export const LEADING_COLUMNS = 2

export interface GridColumn {
  field: string
  title: string
  choices: readonly string[] | null
}

export interface GridHandle {
  /** Puts the cursor on a cell; `column` counts the fields. */
  goTo: (place: { index: number; column: number }) => void
}

export interface GridProps {
  ref?: Ref<GridHandle>
  label: string
  describedBy: string
  places: readonly Place[]
  columns: readonly GridColumn[]
  titles: { row: string; state: string }
  empty: ReactNode
  selected: ReadonlySet<number>
  renderRowName: (row: Row, tabIndex: number, isSelected: boolean) => ReactNode
  renderState: (row: Row) => ReactNode
  onSelect: (rows: ReadonlySet<number>) => void
  onEdit: (row: Row, field: string, value: string) => void
  onPaste: (index: number, column: number, text: string) => void
  onActive: (place: { index: number; column: number }) => void
  onVisible: (from: number, to: number) => void
  /** A key on a cell; true: it was dealt with. */
  onKey: (event: CellKeyboardEvent, at: { index: number; column: number }) => boolean
}

type Key = number | string

const keyOf = (place: Place): Key => (isRead(place) ? place.row : `unread ${place.index}`)
const ALWAYS_DRAWN = { frozen: true, width: 1, minWidth: 1 }

/** Only the first column stays in place: the other cells do without the place that the grid writes for a frozen one. */
const NO_PLACE = { insetInlineStart: undefined }

/** A cell that says whether it is wrong, and where its sentence stands. */
function drawCell(key: React.Key, props: CellRendererProps<Place, unknown>): ReactNode {
  const { row, column } = props
  if (column.idx > 0) props = { ...props, style: NO_PLACE }
  if (!isRead(row)) return <Cell key={key} {...props} aria-busy="true" />
  const isWrong = row.state !== 'dropped' && row.problems.some(({ field }) => field === column.key)
  const isEdited = row.edited.includes(column.key)
  if (!isWrong && !isEdited) return <Cell key={key} {...props} />
  return (
    <Cell
      key={key}
      {...props}
      aria-invalid={isWrong || undefined}
      aria-describedby={cellHelpId(row.row, column.key)}
    />
  )
}

/** A row whose content has come is the one that was drawn at its place before, not a new one. */
function drawRow(_: React.Key, props: RenderRowProps<Place, unknown>): ReactNode {
  return <GridRow key={props.rowIdx} {...props} />
}

const RENDERERS = { renderCell: drawCell, renderRow: drawRow }

export function Grid(props: GridProps) {
  const { columns, places, titles, onEdit, onPaste, onVisible } = props
  const grid = useRef<DataGridHandle>(null)
  /** Whether the cell that is pressed had the cursor before: a finger, which has no double click, then opens it. */
  const hadCursor = useRef(false)
  useImperativeHandle(props.ref, () => ({
    goTo: ({ index, column }) => {
      grid.current?.setActivePosition(
        { rowIdx: index, idx: column + LEADING_COLUMNS },
        { shouldFocus: true },
      )
    },
  }))

  const { renderRowName, renderState, selected } = props
  const gridColumns = useMemo<Column<Place>[]>(
    () => [
      {
        ...ALWAYS_DRAWN,
        key: '#row',
        name: titles.row,
        cellClass: 'grid-row-name',
        headerCellClass: 'grid-row-name',
        renderCell: ({ row, tabIndex }) =>
          isRead(row) ? renderRowName(row, tabIndex, selected.has(row.row)) : null,
      },
      {
        ...ALWAYS_DRAWN,
        key: '#state',
        name: titles.state,
        renderCell: ({ row }) => (isRead(row) ? renderState(row) : null),
      },
      ...columns.map((column) => fieldColumn(column)),
    ],
    [columns, titles.row, titles.state, renderRowName, renderState, selected],
  )

  const onScroll = useCallback(
    ({ currentTarget }: React.UIEvent<HTMLDivElement>) => {
      const first = Math.floor(currentTarget.scrollTop / ROW_HEIGHT_PX)
      onVisible(first, first + Math.ceil(currentTarget.clientHeight / ROW_HEIGHT_PX) + 4)
    },
    [onVisible],
  )

  function onRowsChange(changed: Place[], { indexes, column }: { indexes: number[]; column: { key: string } }) {
    for (const index of indexes) {
      const before = places[index]
      const after = changed[index]
      if (!isRead(before) || !isRead(after)) continue
      const value = after.values[column.key] ?? ''
      if (value !== (before.values[column.key] ?? '')) onEdit(before, column.key, value)
    }
  }

  function paste({ row, column }: CellPasteArgs<Place>, event: React.ClipboardEvent): Place {
    event.preventDefault()
    const at = columns.findIndex(({ field }) => field === column.key)
    const index = places.indexOf(row)
    if (at >= 0 && index >= 0) onPaste(index, at, event.clipboardData.getData('text/plain'))
    return row
  }

  function onKeyDown(args: CellKeyDownArgs<Place>, event: CellKeyboardEvent) {
    if (args.mode === 'EDIT' || args.column === undefined) return
    // The key that opens a cell with a list must not open the list as well: a second Enter would only close that.
    if (event.key === 'Enter') event.preventDefault()
    const at = { index: args.rowIdx, column: args.column.idx - LEADING_COLUMNS }
    if (props.onKey(event, at)) {
      event.preventDefault()
      event.preventGridDefault()
    }
  }

  return (
    <DataGrid<Place, unknown, Key>
      ref={grid}
      className="review-grid"
      style={{ '--grid-fields': columns.length } as React.CSSProperties}
      direction={document.documentElement.dir === 'rtl' ? 'rtl' : 'ltr'}
      aria-label={props.label}
      aria-describedby={props.describedBy}
      columns={gridColumns}
      rows={places}
      rowKeyGetter={keyOf}
      rowHeight={ROW_HEIGHT_PX}
      rowClass={rowClass}
      selectedRows={props.selected as ReadonlySet<Key>}
      isRowSelectionDisabled={(place) => !isRead(place)}
      onSelectedRowsChange={(keys) => {
        props.onSelect(new Set([...keys].filter((key) => typeof key === 'number')))
      }}
      renderers={{ ...RENDERERS, noRowsFallback: props.empty }}
      onScroll={onScroll}
      onRowsChange={onRowsChange}
      onCellPaste={paste}
      onCellCopy={({ row, column }, event) => {
        if (!isRead(row)) return
        event.clipboardData.setData('text/plain', row.values[column.key] ?? '')
        event.preventDefault()
      }}
      onCellKeyDown={onKeyDown}
      onCellMouseDown={(_, { currentTarget }) => {
        hadCursor.current = currentTarget.getAttribute('aria-selected') === 'true'
      }}
      onCellClick={({ setActivePosition }, { nativeEvent }) => {
        const isByTouch = nativeEvent instanceof PointerEvent && nativeEvent.pointerType === 'touch'
        if (isByTouch && hadCursor.current) setActivePosition(true)
      }}
      onActivePositionChange={({ rowIdx, column }) => {
        props.onActive({ index: rowIdx, column: (column?.idx ?? 0) - LEADING_COLUMNS })
      }}
    />
  )
}

function fieldColumn({ field, title, choices }: GridColumn): Column<Place> {
  return {
    ...ALWAYS_DRAWN,
    key: field,
    name: title,
    editable: (row) => isRead(row) && row.state !== 'dropped',
    editorOptions: { closeOnExternalRowChange: false },
    cellClass: (row) => (isRead(row) && row.edited.includes(field) ? 'grid-edited' : undefined),
    renderCell: ({ row }) => (isRead(row) ? <CellText row={row} field={field} /> : null),
    renderEditCell: ({ row, onRowChange, onClose }: RenderEditCellProps<Place>) =>
      isRead(row) ? (
        <CellEditor
          title={title}
          value={row.values[field] ?? ''}
          choices={choices}
          onChange={(value) => onRowChange({ ...row, values: { ...row.values, [field]: value } })}
          onClose={onClose}
        />
      ) : null,
  }
}
