/** The columns of the file beside ours: header, examples, and the field that is read from it. */

import { Trans, useLingui } from '@lingui/react'

import type { FileReading } from '../api/types'
import { FIELDS } from '../fields'
import { fieldName } from '../review/words'

interface ColumnTableProps {
  file: FileReading
  isBusy: boolean
  onChoose: (header: string, field: string) => void
}

export function ColumnTable({ file, isBusy, onChoose }: ColumnTableProps) {
  const { i18n } = useLingui()
  const used = new Set(file.columns.map(({ field }) => field))
  return (
    <table className="table table-cards column-table" aria-busy={isBusy}>
      <caption className="visually-hidden">
        <Trans id="import.columns.caption" message="Columns of the file and what is read from them" />
      </caption>
      <thead>
        <tr>
          <th scope="col">
            <Trans id="import.columns.header" message="Column in the file" />
          </th>
          <th scope="col">
            <Trans id="import.columns.examples" message="Examples" />
          </th>
          <th scope="col">
            <Trans id="import.columns.field" message="Is read as" />
          </th>
        </tr>
      </thead>
      <tbody>
        {file.columns.map(({ header, field, examples }, at) => (
          <tr key={`${at} ${header}`} className={field === null ? 'is-unused' : undefined}>
            <th scope="row">
              <bdi>{header}</bdi>
            </th>
            <td className="column-examples">
              {examples.slice(0, 3).map((example, index) => (
                <bdi key={index}>{example}</bdi>
              ))}
            </td>
            <td>
              <select
                aria-label={i18n._({
                  id: 'import.columns.choose',
                  message: 'What is read from the column {header}',
                  values: { header },
                })}
                value={field ?? ''}
                onChange={({ target }) => onChoose(header, target.value)}
              >
                <option value="">
                  {i18n._({ id: 'import.columns.none', message: 'Not imported' })}
                </option>
                {FIELDS.map(({ name }) => (
                  <option key={name} value={name}>
                    {used.has(name) && name !== field
                      ? i18n._({
                          id: 'import.columns.moves',
                          message: '{name} (now read from another column)',
                          values: { name: fieldName(i18n, name) },
                        })
                      : fieldName(i18n, name)}
                  </option>
                ))}
              </select>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
