import { Trans, useLingui } from '@lingui/react'

interface StatusFilterProps {
  /** A value of the API's parameter `status`; empty for all. */
  status: string
  onChange: (status: string) => void
}

/** Which imports to list. */
export function StatusFilter({ status, onChange }: StatusFilterProps) {
  const { i18n } = useLingui()
  const choices: [string, string][] = [
    ['', i18n._({ id: 'history.filter.all', message: 'All' })],
    ['pending,processing', i18n._({ id: 'history.filter.running', message: 'Not finished' })],
    ['completed', i18n._({ id: 'history.filter.completed', message: 'Completed' })],
    ['failed', i18n._({ id: 'history.filter.failed', message: 'Failed' })],
    ['cancelled', i18n._({ id: 'history.filter.cancelled', message: 'Cancelled' })],
  ]
  return (
    <fieldset className="segments">
      <legend className="visually-hidden">
        <Trans id="history.filter.label" message="Which imports to list" />
      </legend>
      {choices.map(([value, words]) => (
        <label key={value}>
          <input type="radio" name="status" checked={value === status} onChange={() => onChange(value)} />
          {words}
        </label>
      ))}
    </fieldset>
  )
}
