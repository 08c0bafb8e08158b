/**
 * A file that the server refused: its words, and what to do next.
 *
 * Where only a column is not recognised, or one too many, or the encoding is not clear, the choice is made
 * here and the same file is sent again.
 */

import { Trans, useLingui } from '@lingui/react'
import { useState } from 'react'

import type { Problem } from '../../api/problem'
import { ProblemMessage } from '../../ui/ProblemMessage'
import type { ReadingChoice } from '../api/upload'
import { fieldName } from '../review/words'
import { ServerWords } from '../ServerWords'

interface RefusalProps {
  file: File
  problem: Problem
  onSend: (reading: ReadingChoice) => void
}

export function Refusal({ file, problem, onSend }: RefusalProps) {
  const { code, members } = problem
  if (code === 'missing_column')
    return <MissingColumns problem={problem} facts={members as unknown as MissingFacts} onSend={onSend} />
  if (code === 'duplicate_column')
    return <DoubledColumn problem={problem} facts={members as unknown as DoubledFacts} onSend={onSend} />
  return (
    <>
      <p className="refused-file">
        <bdi>{file.name}</bdi>
      </p>
      <ProblemMessage problem={problem} onRetry={() => onSend({})} />
    </>
  )
}

interface MissingFacts {
  missing: string[]
  headers: string[]
  closest: Record<string, string>
  full_name?: string
}

type ChoiceProps<Facts> = { problem: Problem; facts: Facts; onSend: RefusalProps['onSend'] }

/** Lets somebody say which column holds each field that was not recognised. */
function MissingColumns({ problem, facts, onSend }: ChoiceProps<MissingFacts>) {
  const { i18n } = useLingui()
  const hasFullName = facts.full_name !== undefined
  const fields = hasFullName
    ? [...facts.missing.filter((field) => !field.endsWith('_name')), 'full_name']
    : facts.missing
  const [chosen, setChosen] = useState<Record<string, string>>({
    ...facts.closest,
    ...(hasFullName ? { full_name: facts.full_name } : {}),
  })
  const isComplete = fields.every((field) => chosen[field])
  return (
    <form
      className="message choose-columns"
      onSubmit={(event) => {
        event.preventDefault()
        if (isComplete) onSend({ mapping: Object.fromEntries(fields.map((field) => [field, chosen[field] ?? ''])) })
      }}
    >
      <p>
        <ServerWords>{problem.detail}</ServerWords>
      </p>
      {fields.map((field) => (
        <label key={field}>
          <Trans
            id="import.refusal.column_for"
            message="{name} stands in the column"
            values={{ name: fieldName(i18n, field) }}
          />{' '}
          <select
            value={chosen[field] ?? ''}
            onChange={({ target }) => setChosen({ ...chosen, [field]: target.value })}
          >
            <option value="">{i18n._({ id: 'import.refusal.choose', message: 'Choose…' })}</option>
            {facts.headers.map((header) => (
              <option key={header}>{header}</option>
            ))}
          </select>
        </label>
      ))}
      <button type="submit" className="primary-button" disabled={!isComplete}>
        <Trans id="import.refusal.go_on" message="Go on with this" />
      </button>
    </form>
  )
}

interface DoubledFacts {
  field: string
  columns: string[]
}

/** Lets somebody say which of several columns is meant. */
function DoubledColumn({ problem, facts, onSend }: ChoiceProps<DoubledFacts>) {
  const { i18n } = useLingui()
  return (
    <fieldset className="message choose-columns">
      <legend>
        <Trans
          id="import.refusal.doubled"
          message="Which column holds {name}?"
          values={{ name: fieldName(i18n, facts.field) }}
        />
      </legend>
      <p>
        <ServerWords>{problem.detail}</ServerWords>
      </p>
      {[...new Set(facts.columns)].map((column) => (
        <button key={column} type="button" onClick={() => onSend({ mapping: { [facts.field]: column } })}>
          <bdi>{column}</bdi>
        </button>
      ))}
    </fieldset>
  )
}
