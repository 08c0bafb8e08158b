import { Trans, useLingui } from '@lingui/react'

import { fieldWords } from './fieldWords'
import type { Kind } from './kinds'

interface KindFilterProps {
  kinds: Kind[]
  /** The key of a kind; empty for all. */
  chosen: string
  onChoose: (key: string) => void
}

/** Which errors to show. Nothing where all are of one kind. */
export function KindFilter({ kinds, chosen, onChoose }: KindFilterProps) {
  const { i18n } = useLingui()
  if (kinds.length < 2) return null
  const all = { key: '', words: i18n._({ id: 'batch.errors.all', message: 'All' }), count: null }
  const choices = [all, ...kinds.map((kind) => ({ key: kind.key, words: kindWords(fieldWords(i18n, kind.field), kind.code), count: kind.count }))]
  return (
    <fieldset className="segments">
      <legend className="visually-hidden">
        <Trans id="batch.errors.filter" message="Which errors to show" />
      </legend>
      {choices.map(({ key, words, count }) => (
        <label key={key}>
          <input type="radio" name="kind" checked={key === chosen} onChange={() => onChoose(key)} />
          <span>
            {words}
            {count !== null && <span className="segment-count">{i18n.number(count)}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  )
}

/** The column, and the code where it says more than "invalid". */
function kindWords(field: string, code: string): string {
  return `${field} · ${code.replaceAll('_', ' ')}`
}
