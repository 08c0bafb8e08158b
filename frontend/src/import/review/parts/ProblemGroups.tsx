/** The mistakes of the file, most frequent first: each value with one field to mend all its cells. */

import { Trans, useLingui } from '@lingui/react'
import { useId, useState } from 'react'
import { Link } from 'wouter'

import type { Change, ProblemGroup, ProblemValue, RowsQuery } from '../../api/types'
import { choicesOf, FIELDS } from '../../fields'
import { ServerWords } from '../../ServerWords'
import { fieldName } from '../words'

const SHOWN_GROUPS = 3
const SHOWN_VALUES = 2

interface ProblemGroupsProps {
  problems: readonly ProblemGroup[]
  hrefOf: (query: RowsQuery) => string
  onChange: (change: Change) => void
}

export function ProblemGroups({ problems, hrefOf, onChange }: ProblemGroupsProps) {
  const [isLong, setIsLong] = useState(false)
  // On a phone, the rows come first.
  const [isOpenAtFirst] = useState(() => window.matchMedia('(width >= 40rem)').matches)
  const { i18n } = useLingui()
  if (problems.length === 0) return null
  const shown = isLong ? problems : problems.slice(0, SHOWN_GROUPS)
  return (
    <details className="problem-groups" open={isOpenAtFirst}>
      <summary>
        <Trans
          id="import.problems.title"
          message="{count, plural, one {# kind of mistake: mend it everywhere at once} other {# kinds of mistakes: mend each everywhere at once}}"
          values={{ count: problems.length }}
        />
      </summary>
      <ul>
        {shown.map((group) => (
          <li key={`${group.field} ${group.code}`}>
            <Group group={group} hrefOf={hrefOf} onChange={onChange} />
          </li>
        ))}
      </ul>
      {problems.length > shown.length && (
        <button type="button" className="link-button" onClick={() => setIsLong(true)}>
          {i18n._({
            id: 'import.problems.more',
            message: '{count, plural, one {# more kind} other {# more kinds}}',
            values: { count: problems.length - shown.length },
          })}
        </button>
      )}
    </details>
  )
}

interface GroupProps {
  group: ProblemGroup
  hrefOf: (query: RowsQuery) => string
  onChange: (change: Change) => void
}

/** Values that stand in several cells, or that have few right ones, are worth a line at once. */
function worthALine(field: string, values: readonly ProblemValue[]): ProblemValue[] {
  return values.filter(({ count }) => count > 1 || choicesFor(field) !== null).slice(0, SHOWN_VALUES)
}

function choicesFor(field: string): readonly string[] | null {
  return choicesOf(FIELDS.find(({ name }) => name === field)?.kind ?? 'text')
}

function Group({ group, hrefOf, onChange }: GroupProps) {
  const { i18n } = useLingui()
  const [isLong, setIsLong] = useState(false)
  const { field, code } = group
  const name = fieldName(i18n, field)
  const values = isLong ? group.values : worthALine(field, group.values)
  const [first] = group.values
  return (
    <>
      <p className="problem-group-title">
        <strong>{name}</strong>{' '}
        <Link href={hrefOf({ state: 'invalid', field, code })}>
          <Trans
            id="import.problems.rows"
            message="{count, plural, one {# row} other {# rows}}"
            values={{ count: group.count }}
          />
        </Link>
      </p>
      {values.length === 0 && first !== undefined && (
        <p className="problem-only">
          <ServerWords>{first.message}</ServerWords>
        </p>
      )}
      <ul>
        {values.map((value) => (
          <li key={value.value}>
            <ValueFix field={field} name={name} value={value} onChange={onChange} />
          </li>
        ))}
      </ul>
      {group.values.length > values.length && (
        <button
          type="button"
          className="link-button"
          onClick={() => setIsLong(true)}
        >
          {values.length === 0 ? (
            <Trans
              id="import.problems.here"
              message="{count, plural, one {Mend # value here} other {Mend # values here}}"
              values={{ count: group.values.length }}
            />
          ) : (
            <Trans
              id="import.problems.values"
              message="{count, plural, one {# more value} other {# more values}}"
              values={{ count: group.values.length - values.length }}
            />
          )}
        </button>
      )}
    </>
  )
}

interface ValueFixProps {
  field: string
  name: string
  value: ProblemValue
  onChange: (change: Change) => void
}

/** "12 cells have 'Sales Team': use …". The sentence of the server stands below. */
function ValueFix({ field, name, value, onChange }: ValueFixProps) {
  const { i18n } = useLingui()
  const id = useId()
  const choices = choicesFor(field)
  const [to, setTo] = useState(choices?.[0] ?? '')
  const isSendable = choices !== null || to.trim() !== ''
  const shown = value.value === '' ? i18n._({ id: 'import.problems.empty', message: '(empty)' }) : value.value
  const label = i18n._({
    id: 'import.problems.use',
    message: 'Use instead of “{shown}” as {name}',
    values: { shown, name },
  })

  function mend(event: React.FormEvent) {
    event.preventDefault()
    if (isSendable) onChange({ replace: [{ field, from: value.value, to }] })
  }

  return (
    <form className="value-fix" onSubmit={mend}>
      <span id={id}>
        <Trans
          id="import.problems.value"
          message="{count, plural, one {# cell has} other {# cells have}} <0>{shown}</0>: use"
          values={{ count: value.count, shown }}
          components={{ 0: <q className="raw-value" /> }}
        />
      </span>
      {choices === null ? (
        <input
          aria-label={label}
          aria-describedby={`${id}-why`}
          value={to}
          onChange={(event) => setTo(event.target.value)}
        />
      ) : (
        <select
          aria-label={label}
          aria-describedby={`${id}-why`}
          value={to}
          onChange={(event) => setTo(event.target.value)}
        >
          {choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      )}
      <button type="submit" disabled={!isSendable}>
        <Trans
          id="import.problems.mend"
          message="{count, plural, one {Mend it} other {Mend all #}}"
          values={{ count: value.count }}
        />
      </button>
      <small id={`${id}-why`} title={value.message}>
        <ServerWords>{value.message}</ServerWords>
      </small>
    </form>
  )
}
