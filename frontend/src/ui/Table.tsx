import type { ReactNode } from 'react'

export interface TableColumn {
  id: string
  /** What stands above the column, and before the value where rows are cards. */
  name: string
  isNumber?: boolean
  /** Left out on a narrow screen: what the row leads to shows it. */
  isMinor?: boolean
  /** What stands above the column in place of its name, such as a button to sort. */
  head?: ReactNode
  /** For aria-sort. */
  sort?: 'ascending' | 'descending' | undefined
}

interface TableProps<Row> {
  /** What the table lists, for screen readers. */
  label: string
  columns: TableColumn[]
  rows: Row[]
  rowKey: (row: Row) => string
  cell: (row: Row, column: string) => ReactNode
}

/**
 * A table whose first column names the row. On a narrow screen each row is a card. The roles are written out because
 * browsers forget them where `display` is not that of a table.
 */
export function Table<Row>({ label, columns, rows, rowKey, cell }: TableProps<Row>) {
  return (
    <div className="table-scroll" role="region" aria-label={label} tabIndex={0}>
      <table className="table table-cards" role="table" aria-label={label}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map(({ id, name, head, isNumber, isMinor, sort }) => (
              <th key={id} scope="col" role="columnheader" className={classOf(isNumber, isMinor)} aria-sort={sort}>
                {head ?? name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={rowKey(row)} role="row">
              {columns.map(({ id, name, isNumber, isMinor }, index) =>
                index === 0 ? (
                  <th key={id} scope="row" role="rowheader">
                    {cell(row, id)}
                  </th>
                ) : (
                  <td key={id} role="cell" data-label={name} className={classOf(isNumber, isMinor)}>
                    <div>{cell(row, id)}</div>
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function classOf(isNumber = false, isMinor = false): string | undefined {
  return [isNumber && 'number', isMinor && 'minor'].filter(Boolean).join(' ') || undefined
}
