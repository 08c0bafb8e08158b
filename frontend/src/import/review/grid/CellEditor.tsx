/** The field in which a cell is mended: a list where the field has few values, otherwise text. */

import { useState } from 'react'

interface CellEditorProps {
  title: string
  value: string
  choices: readonly string[] | null
  onChange: (value: string) => void
  onClose: (isKept: boolean, shouldFocus: boolean) => void
}

/** Focuses a field that has just appeared and selects its text, so that typing replaces it. */
function focusAll(input: HTMLInputElement | null) {
  input?.focus()
  input?.select()
}

export function CellEditor({ title, value, choices, onChange, onClose }: CellEditorProps) {
  // The value as it was when editing began: a list offers it too, so that nothing is lost by looking.
  const [before] = useState(value)
  if (choices === null)
    return (
      <input
        className="grid-editor"
        aria-label={title}
        ref={focusAll}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onBlur={() => onClose(true, false)}
      />
    )
  const options = choices.includes(before) ? choices : [before, ...choices]
  return (
    <select
      className="grid-editor"
      aria-label={title}
      ref={(select) => select?.focus()}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      onBlur={() => onClose(true, false)}
    >
      {options.map((option) => (
        <option key={option} value={option}>
          {option}
        </option>
      ))}
    </select>
  )
}
