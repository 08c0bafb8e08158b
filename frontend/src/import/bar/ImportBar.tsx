/** The end of the review: the options, and one button that says what it will do. */

import { Trans, useLingui } from '@lingui/react'
import { useId } from 'react'

import type { Change, Review } from '../api/types'
import { ROLES } from '../fields'
import { roleName } from '../review/words'
import './bar.css'
import { canImport, importWords, restWords } from './sentence'

interface ImportBarProps {
  review: Review
  /** Whether edits are still on their way: the numbers are not final then. */
  isSaving: boolean
  isStarting: boolean
  onChange: (change: Change) => void
  onImport: () => void
  /** What stands above the button: the sentence about a cell, or why the import was refused. */
  children: React.ReactNode
}

export function ImportBar({ review, isSaving, isStarting, onChange, onImport, children }: ImportBarProps) {
  const { i18n } = useLingui()
  const restId = useId()
  const { counts } = review
  const rest = restWords(i18n, counts)
  const isReady = canImport(counts) && !isSaving && !isStarting
  return (
    <>
      <Options review={review} onChange={onChange} />
      <section className="import-bar" aria-label={i18n._({ id: 'import.bar.label', message: 'Import' })}>
        {children}
      <div className="import-bar-end">
        <p id={restId} className="import-bar-rest">
          {canImport(counts) ? rest : <NothingToImport counts={counts} />}
        </p>
        <button
          type="button"
          className="primary-button"
          aria-describedby={restId}
          aria-disabled={!isReady}
          onClick={() => isReady && onImport()}
        >
          {isStarting ? (
            <Trans id="import.bar.starting" message="Starting…" />
          ) : (
            importWords(i18n, counts)
          )}
        </button>
      </div>
      </section>
    </>
  )
}

function NothingToImport({ counts }: { counts: Review['counts'] }) {
  if (counts.invalid > 0)
    return (
      <Trans
        id="import.bar.mend_first"
        message="No row can be imported yet. Mend {count, plural, one {the row with a mistake} other {some of the # rows with mistakes}} above."
        values={{ count: counts.invalid }}
      />
    )
  return (
    <Trans
      id="import.bar.nothing"
      message="There is nobody to import: everybody in this file is here already, or left out."
    />
  )
}

function Options({ review, onChange }: Pick<ImportBarProps, 'review' | 'onChange'>) {
  const { i18n } = useLingui()
  const { options } = review
  return (
    <fieldset className="import-options">
      <legend className="visually-hidden">
        <Trans id="import.options.title" message="Options" />
      </legend>
      <label>
        <input
          type="checkbox"
          checked={options.send_invitations}
          onChange={({ target }) => onChange({ send_invitations: target.checked })}
        />{' '}
        <Trans id="import.options.invite" message="Invite by e-mail" />
      </label>
      <label>
        <input
          type="checkbox"
          checked={options.skip_duplicates}
          onChange={({ target }) => onChange({ skip_duplicates: target.checked })}
        />{' '}
        <Trans id="import.options.skip" message="Skip people who are already here" />
      </label>
      <label>
        <Trans id="import.options.role" message="Role where the file names none" />{' '}
        <select
          value={options.default_role}
          onChange={({ target }) => onChange({ default_role: target.value })}
        >
          {ROLES.map((role) => (
            <option key={role} value={role}>
              {roleName(i18n, role)}
            </option>
          ))}
        </select>
      </label>
    </fieldset>
  )
}
