import { Trans, useLingui } from '@lingui/react'

import type { ColumnCount } from './counts'
import { fieldWords } from './fieldWords'

interface ColumnFilterProps {
  columns: ColumnCount[]
  /** A field; null for all. */
  chosen: string | null
  onChoose: (field: string | null) => void
}

/** The errors of which column to show. Nothing where all are in one. */
export function ColumnFilter({ columns, chosen, onChoose }: ColumnFilterProps) {
  const { i18n } = useLingui()
  if (columns.length < 2) return null
  const all = { field: null, count: columns.reduce((sum, { count }) => sum + count, 0) }
  return (
    <fieldset className="segments">
      <legend className="visually-hidden">
        <Trans id="batch.errors.filter" message="Which errors to show" />
      </legend>
      {[all, ...columns].map(({ field, count }) => (
        <label key={field ?? 'all columns'}>
          <input type="radio" name="column" checked={field === chosen} onChange={() => onChoose(field)} />
          <span>
            {field === null ? <Trans id="batch.errors.all" message="All" /> : fieldWords(i18n, field)}
            <span className="segment-count">{i18n.number(count)}</span>
          </span>
        </label>
      ))}
    </fieldset>
  )
}
