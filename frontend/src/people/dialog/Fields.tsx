import { Trans, useLingui } from '@lingui/react'
import { type ReactNode, useId } from 'react'

import { language } from '../../i18n/setup'
import { APPLICATION_NAMES, APPLICATIONS, ROLES, roleWords } from '../words'
import type { Draft, TEXT_FIELDS } from './draft'

type TextField = (typeof TEXT_FIELDS)[number]

interface FieldsProps {
  draft: Draft
  /** The server's sentence for each field that it refused. */
  errors: Record<string, string>
  onChange: (draft: Draft) => void
}

/** The fields that a person and a new person have in common. */
export function Fields({ draft, errors, onChange }: FieldsProps) {
  const text = (field: TextField, label: ReactNode, maxLength: number, isRequired = false) => (
    <TextInput
      label={label}
      value={draft[field]}
      error={errors[field]}
      maxLength={maxLength}
      isRequired={isRequired}
      onChange={(value) => onChange({ ...draft, [field]: value })}
    />
  )
  return (
    <>
      {text('first_name', <Trans id="people.field.first_name" message="First name" />, 100, true)}
      {text('last_name', <Trans id="people.field.last_name" message="Last name" />, 100, true)}
      <RoleChoice draft={draft} error={errors.role} onChange={onChange} />
      {text('department', <Trans id="people.field.department" message="Department" />, 100)}
      {text('location', <Trans id="people.field.location" message="Location" />, 100)}
      {text('phone', <Trans id="people.field.phone" message="Phone" />, 20)}
      <ApplicationChoice draft={draft} onChange={onChange} />
    </>
  )
}

interface TextInputProps {
  label: ReactNode
  value: string
  error: string | undefined
  maxLength: number
  isRequired?: boolean
  type?: 'text' | 'email'
  onChange: (value: string) => void
}

/** A field with its label, and beneath it what the server says about its value. */
export function TextInput({ label, value, error, maxLength, isRequired = false, type = 'text', onChange }: TextInputProps) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type={type}
        value={value}
        required={isRequired}
        maxLength={maxLength}
        autoComplete="off"
        dir="auto"
        aria-invalid={error ? true : undefined}
        aria-describedby={error ? `${id}-error` : undefined}
        onChange={(event) => onChange(event.target.value)}
      />
      <FieldError id={`${id}-error`} error={error} />
    </div>
  )
}

export function FieldError({ id, error }: { id: string; error: string | undefined }) {
  if (!error) return null
  return (
    <p id={id} className="field-error" lang={language.startsWith('en') ? undefined : 'en'}>
      {error}
    </p>
  )
}

function RoleChoice({ draft, error, onChange }: { draft: Draft; error: string | undefined; onChange: (draft: Draft) => void }) {
  const { i18n } = useLingui()
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>
        <Trans id="people.field.role" message="Role" />
      </label>
      <select
        id={id}
        value={draft.role}
        aria-invalid={error ? true : undefined}
        aria-describedby={error ? `${id}-error` : undefined}
        onChange={(event) => onChange({ ...draft, role: event.target.value as Draft['role'] })}
      >
        {ROLES.map((role) => (
          <option key={role} value={role}>
            {roleWords(i18n, role)}
          </option>
        ))}
      </select>
      <FieldError id={`${id}-error`} error={error} />
    </div>
  )
}

function ApplicationChoice({ draft, onChange }: { draft: Draft; onChange: (draft: Draft) => void }) {
  return (
    <fieldset className="person-applications wide">
      <legend className="field-label">
        <Trans id="people.field.applications" message="Applications" />
      </legend>
      {APPLICATIONS.map((each) => (
        <label key={each} className="check">
          <input type="checkbox" checked={draft[each]} onChange={(event) => onChange({ ...draft, [each]: event.target.checked })} />
          {APPLICATION_NAMES[each]}
        </label>
      ))}
    </fieldset>
  )
}
