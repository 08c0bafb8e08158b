/** How the file was read: encoding, delimiter, sheet, header row. Each can be changed. */

import { Trans, useLingui } from '@lingui/react'

import type { Change, FileReading } from '../api/types'

/** The encodings to choose from beside those that the server thinks likely. */
const ENCODINGS = ['utf-8', 'windows-1252', 'iso-8859-15', 'windows-1250', 'windows-1251', 'mac-roman', 'utf-16', 'shift_jis', 'gb18030']
const DELIMITERS = [',', ';', '\t', '|']

interface ReadingProps {
  file: FileReading
  onChange: (change: Change) => void
}

export function Reading({ file, onChange }: ReadingProps) {
  return (
    <fieldset className="reading">
      <legend>
        <Trans id="import.reading.title" message="How the file was read" />
      </legend>
      {file.kind === 'csv' && <Encoding file={file} onChange={onChange} />}
      {file.kind === 'csv' && <Delimiter file={file} onChange={onChange} />}
      {file.sheets.length > 0 && <Sheet file={file} onChange={onChange} />}
      <HeaderRow key={file.header_row} file={file} onChange={onChange} />
    </fieldset>
  )
}

function Encoding({ file, onChange }: ReadingProps) {
  const likely = file.encoding_readings.map(({ encoding }) => encoding)
  const encodings = [...new Set([file.encoding, ...likely, ...ENCODINGS])]
  return (
    <div>
      <label>
        <Trans id="import.reading.encoding" message="Encoding" />{' '}
        <select value={file.encoding} onChange={({ target }) => onChange({ encoding: target.value })}>
          {encodings.map((encoding) => (
            <option key={encoding}>{encoding}</option>
          ))}
        </select>
      </label>
      {file.encoding_readings.length > 1 && <LikelyReadings file={file} onChange={onChange} />}
    </div>
  )
}

/** The encoding is a guess: what the two likeliest make of the same cells. */
function LikelyReadings({ file, onChange }: ReadingProps) {
  return (
    <fieldset className="likely-readings">
      <legend>
        <Trans
          id="import.reading.guessed"
          message="The encoding is a guess. Which of these reads right?"
        />
      </legend>
      {file.encoding_readings.map(({ encoding, is_read: isRead, examples }) => (
        <label key={encoding}>
          <input
            type="radio"
            name="encoding-reading"
            checked={isRead}
            onChange={() => onChange({ encoding })}
          />{' '}
          <span>
            {examples.map((example, at) => (
              <bdi key={at}>{example}</bdi>
            ))}
          </span>{' '}
          <small>{encoding}</small>
        </label>
      ))}
    </fieldset>
  )
}

function Delimiter({ file, onChange }: ReadingProps) {
  const { i18n } = useLingui()
  const names: Record<string, string> = {
    ',': i18n._({ id: 'import.reading.comma', message: 'Comma' }),
    ';': i18n._({ id: 'import.reading.semicolon', message: 'Semicolon' }),
    '\t': i18n._({ id: 'import.reading.tab', message: 'Tab' }),
    '|': i18n._({ id: 'import.reading.pipe', message: 'Vertical bar' }),
  }
  return (
    <label>
      <Trans id="import.reading.delimiter" message="Cells are separated by" />{' '}
      <select
        value={file.delimiter ?? ''}
        onChange={({ target }) => onChange({ delimiter: target.value })}
      >
        {file.delimiter === null && (
          <option value="">
            {i18n._({ id: 'import.reading.no_delimiter', message: 'Nothing: there is one column' })}
          </option>
        )}
        {DELIMITERS.map((delimiter) => (
          <option key={delimiter} value={delimiter}>
            {names[delimiter]}
          </option>
        ))}
      </select>
    </label>
  )
}

/** A number that counts once it is complete: with Enter, or when the focus leaves. */
function HeaderRow({ file, onChange }: ReadingProps) {
  const choose = ({ value, validity }: HTMLInputElement) => {
    if (validity.valid && Number(value) !== file.header_row) onChange({ header_row: Number(value) })
  }
  return (
    <label>
      <Trans id="import.reading.header_row" message="Row of the headers" />{' '}
      <input
        type="number"
        min={1}
        max={1_000_000}
        required
        defaultValue={file.header_row}
        onBlur={({ target }) => choose(target)}
        onKeyDown={({ key, currentTarget }) => key === 'Enter' && choose(currentTarget)}
      />
    </label>
  )
}

function Sheet({ file, onChange }: ReadingProps) {
  const { i18n } = useLingui()
  return (
    <label>
      <Trans id="import.reading.sheet" message="Sheet" />{' '}
      <select value={file.sheet ?? ''} onChange={({ target }) => onChange({ sheet: target.value })}>
        {file.sheets.map(({ name, rows, fields }) => (
          <option key={name} value={name} disabled={rows === null || fields.length === 0}>
            {i18n._({
              id: 'import.reading.sheet_rows',
              message: '{name} ({rows, plural, one {# row} other {# rows}})',
              values: { name, rows: rows ?? 0 },
            })}
          </option>
        ))}
      </select>
    </label>
  )
}
