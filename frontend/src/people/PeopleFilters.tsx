import { Trans, useLingui } from '@lingui/react'
import { type ReactNode, useEffect, useId, useState } from 'react'

import type { FilterName, Filters } from './filters'
import { APPLICATION_NAMES, APPLICATIONS, INVITATION_STATES, invitationWords, ROLES, roleWords } from './words'

/** The list is read after a pause in typing, not at each letter. */
const PAUSE_MILLISECONDS = 250

interface PeopleFiltersProps {
  filters: Filters
  onChange: (name: FilterName, value: string) => void
}

/** Search and filters above the list. */
export function PeopleFilters({ filters, onChange }: PeopleFiltersProps) {
  const { i18n } = useLingui()
  const choice = (name: FilterName, label: ReactNode, options: [string, string][]) => (
    <Choice label={label} value={filters[name] ?? ''} options={options} onChange={(value) => onChange(name, value)} />
  )
  return (
    <search className="filters">
      <SearchField value={filters.search ?? ''} onChange={(value) => onChange('search', value)} />
      {choice(
        'role',
        <Trans id="people.filter.role" message="Role" />,
        ROLES.map((role) => [role, roleWords(i18n, role)]),
      )}
      {choice('active', <Trans id="people.filter.active" message="Access" />, [
        ['true', i18n._({ id: 'people.filter.active.yes', message: 'Active' })],
        ['false', i18n._({ id: 'people.filter.active.no', message: 'Deactivated' })],
      ])}
      {choice(
        'application',
        <Trans id="people.filter.application" message="Application" />,
        APPLICATIONS.map((each) => [each, APPLICATION_NAMES[each]]),
      )}
      {choice(
        'invited',
        <Trans id="people.filter.invited" message="Invitation" />,
        INVITATION_STATES.map((state) => [state, invitationWords(i18n, state)]),
      )}
    </search>
  )
}

interface ChoiceProps {
  label: ReactNode
  value: string
  options: [string, string][]
  onChange: (value: string) => void
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  const { i18n } = useLingui()
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="">{i18n._({ id: 'people.filter.any', message: 'All' })}</option>
        {options.map(([key, words]) => (
          <option key={key} value={key}>
            {words}
          </option>
        ))}
      </select>
    </div>
  )
}

function SearchField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const { i18n } = useLingui()
  const id = useId()
  const [text, setText] = useState(value)
  useEffect(() => setText(value), [value])
  useEffect(() => {
    if (text.trim() === value) return
    const timer = setTimeout(() => onChange(text.trim()), PAUSE_MILLISECONDS)
    return () => clearTimeout(timer)
    // A change of `value` or `onChange` alone must not send the text again.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [text])
  return (
    <div className="field search">
      <label htmlFor={id}>
        <Trans id="people.search" message="Search" />
      </label>
      <input
        id={id}
        type="search"
        value={text}
        maxLength={100}
        autoComplete="off"
        placeholder={i18n._({ id: 'people.search.hint', message: 'Beginning of a name or an e-mail address' })}
        onChange={(event) => setText(event.target.value)}
      />
    </div>
  )
}
