/** The fixed bar under the grid: the sentence about the cell that has the cursor. */

import { Trans, useLingui } from '@lingui/react'

import type { Row } from '../../api/types'
import { sentencesOf, WrongIcon } from '../grid/cells'
import { ServerWords } from '../../ServerWords'
import { fieldName } from '../words'

interface CellBarProps {
  row: Row | null
  field: string | null
}

/** Not a live region: the cell itself is described by the same sentence. */
export function CellBar({ row, field }: CellBarProps) {
  const { i18n } = useLingui()
  return (
    <p className="cell-bar" id="cell-bar">
      {row === null ? (
        <Trans
          id="import.cell_bar.help"
          message="Enter or F2 mends a cell, Escape leaves it as it was. Alt with an arrow up or down goes from mistake to mistake. Delete empties a cell, and in the first column leaves the row out."
        />
      ) : (
        <Sentences row={row} field={field} i18n={i18n} />
      )}
    </p>
  )
}

function Sentences({ row, field, i18n }: CellBarProps & { row: Row; i18n: ReturnType<typeof useLingui>['i18n'] }) {
  const sentences = field === null ? row.problems.map(({ message }) => message) : sentencesOf(row, field)
  const name = field === null ? '' : fieldName(i18n, field)
  return (
    <>
      <strong>
        {field === null
          ? i18n._({ id: 'import.cell_bar.row', message: 'Row {row}', values: { row: row.row } })
          : i18n._({
              id: 'import.cell_bar.cell',
              message: 'Row {row}, {name}',
              values: { row: row.row, name },
            })}
      </strong>{' '}
      {row.state !== 'dropped' && sentences.length > 0 ? (
        <>
          <WrongIcon />
          <ServerWords>{sentences.join(' ')}</ServerWords>
        </>
      ) : (
        <bdi>{field === null ? '' : (row.values[field] ?? '')}</bdi>
      )}
    </>
  )
}
