/** The first cell of a row: its number in the file, and whether it is chosen. */

import { useLingui } from '@lingui/react'

import type { Row } from '../../api/types'

interface RowNameProps {
  row: Row
  /** As the grid gives it: a cell may not have two stops for Tab. */
  tabIndex: number
  isSelected: boolean
  onSelect: (isChosen: boolean) => void
}

export function RowName({ row, tabIndex, isSelected, onSelect }: RowNameProps) {
  const { i18n } = useLingui()
  return (
    <label>
      <input
        type="checkbox"
        tabIndex={tabIndex}
        checked={isSelected}
        aria-label={i18n._({ id: 'import.grid.choose', message: 'Choose row {row}', values: { row: row.row } })}
        onChange={({ target }) => onSelect(target.checked)}
      />
      {i18n.number(row.row, { useGrouping: false })}
    </label>
  )
}
