/**
 * The step in which the columns of the file are matched with our fields.
 *
 * Each choice is sent at once. Where the file must be read in another way, it is sent again, and the
 * page goes on with the upload that comes of it.
 */

import { Trans, useLingui } from '@lingui/react'
import { useId } from 'react'

import type { Change, FileReading, Review, Row } from '../api/types'
import { shownFields } from '../fields'
import { fieldName } from '../review/words'
import { adviceOn, withChoice } from './advice'
import './columns.css'
import { ColumnTable } from './ColumnTable'
import { Reading } from './Reading'

interface ColumnsStepProps {
  review: Review
  firstRows: readonly Row[]
  isBusy: boolean
  /** What went wrong with the last choice, at the place where it was made. */
  problem: React.ReactNode
  onChange: (change: Change) => void
  onReread: (change: Change) => void
  onDone: () => void
}

export function ColumnsStep(props: ColumnsStepProps) {
  const { review, isBusy, onChange, onReread, onDone } = props
  const { file } = review
  return (
    <section className="columns-step">
      <Advice file={file} />
      {props.problem}
      <div className="columns-layout">
        <ColumnTable
          file={file}
          isBusy={isBusy}
          onChoose={(header, field) => onChange({ mapping: withChoice(file.mapping, header, field) })}
        />
        <Reading file={file} onChange={onReread} />
      </div>
      <FirstRows review={review} rows={props.firstRows} />
      <p className="step-end">
        <button type="button" className="primary-button" onClick={onDone}>
          <Trans
            id="import.columns.done"
            message="Review {count, plural, one {# row} other {# rows}}"
            values={{ count: review.counts.all }}
          />
        </button>
      </p>
    </section>
  )
}

/** What is missing, doubled or unused, in words. */
function Advice({ file }: { file: FileReading }) {
  const { i18n } = useLingui()
  const { missing, unused, doubled } = adviceOn(file)
  const list = new Intl.ListFormat(i18n.locale)
  const isGuess = file.encoding_readings.length > 1
  if (missing.length + unused.length + doubled.length === 0 && !isGuess)
    return (
      <p className="advice advice-good">
        <Trans id="import.advice.good" message="Every column was recognised." />
      </p>
    )
  return (
    <ul className="advice" aria-live="polite">
      {missing.length > 0 && (
        <li className="advice-bad">
          <Trans
            id="import.advice.missing"
            message="{count, plural, one {{names} has no column. Choose it below.} other {{names} have no column. Choose them below.}}"
            values={{
              count: missing.length,
              names: list.format(missing.map(({ name }) => fieldName(i18n, name))),
            }}
          />
        </li>
      )}
      {isGuess && (
        <li>
          <Trans
            id="import.advice.encoding"
            message="The encoding of the file is a guess: check letters such as ä, é or ñ."
          />
        </li>
      )}
      {doubled.length > 0 && (
        <li className="advice-bad">
          <Trans
            id="import.advice.doubled"
            message="More than one column is called {names}. Only one of them is read."
            values={{ names: list.format(doubled) }}
          />
        </li>
      )}
      {unused.length > 0 && (
        <li>
          <Trans
            id="import.advice.unused"
            message="{count, plural, one {The column {names} is not imported.} other {The columns {names} are not imported.}}"
            values={{ count: unused.length, names: list.format(unused) }}
          />
        </li>
      )}
    </ul>
  )
}

/** The first rows as they are read now. */
function FirstRows({ review, rows }: { review: Review; rows: readonly Row[] }) {
  const { i18n } = useLingui()
  const id = useId()
  const fields = shownFields(review.file.mapping)
  return (
    <section aria-labelledby={id} className="first-rows">
      <h2 id={id}>
        <Trans id="import.columns.first_rows" message="The first rows, as they are read now" />
      </h2>
      <div className="table-scroll" tabIndex={0} role="group" aria-labelledby={id}>
        <table className="table">
          <thead>
            <tr>
              {fields.map(({ name }) => (
                <th key={name} scope="col">
                  {fieldName(i18n, name)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, 5).map((row) => (
              <tr key={row.row}>
                {fields.map(({ name }) => (
                  <td key={name}>
                    <bdi>{row.values[name] ?? ''}</bdi>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
