import { Trans, useLingui } from '@lingui/react'
import { type FormEvent, useState } from 'react'

import { Problem } from '../../api/problem'
import { ProblemMessage } from '../../ui/ProblemMessage'
import { useKept } from '../../ui/useKept'
import { changePerson, usePeopleChange, type Version } from '../usePeople'
import { nameOf } from '../words'
import { changeOf, type Draft, draftOf, fieldErrorsOf } from './draft'
import { Fields } from './Fields'
import { useFocusOnError } from './useFocusOnError'

/** The name under which is kept what was typed for a person. */
export const keptName = (personId: string) => `person ${personId}`

interface PersonFormProps {
  version: Version
  onClose: () => void
  onSaid: (words: string) => void
  /** Reads the person again. */
  onRead: () => Promise<Version | undefined>
}

/** Changes a person. If somebody else did so meanwhile, what was typed stays, and both can be looked at before saving. */
export function PersonForm({ version, onClose, onSaid, onRead }: PersonFormProps) {
  const { i18n } = useLingui()
  // Kept is what differs from the person as they are now.
  const [typed, keep] = useKept<Partial<Draft>>(keptName(version.person.id), {})
  const draft = { ...draftOf(version.person), ...typed }
  const setDraft = (next: Draft) => keep(changeOf(next, version.person) as Partial<Draft>)
  const [wasChanged, setWasChanged] = useState(false)
  const change = changeOf(draft, version.person)
  const saving = usePeopleChange(
    () => changePerson(version, change),
    (person) => {
      onSaid(i18n._({ id: 'people.saved', message: '{name} was changed.', values: { name: nameOf(person) } }))
      onClose()
    },
  )
  const errors = fieldErrorsOf(saving.error)
  const form = useFocusOnError(saving.error)
  const submit = async (event?: FormEvent) => {
    event?.preventDefault()
    setWasChanged(false)
    try {
      await saving.mutateAsync(undefined)
    } catch (error) {
      if (!isConflict(error)) return
      if (await onRead()) setWasChanged(true)
    }
  }
  return (
    <form ref={form} onSubmit={(event) => void submit(event)}>
      <div className="dialog-fields">
        <Fields draft={draft} errors={errors} onChange={setDraft} />
      </div>
      {wasChanged ? (
        <p className="message message-warning" role="alert">
          <Trans
            id="people.person.changed"
            message="Somebody else has changed this person since. The form shows the newest values, and what you typed. Look at them, and save again."
          />
        </p>
      ) : (
        !isConflict(saving.error) &&
        Object.keys(errors).length === 0 && <ProblemMessage problem={saving.error} onRetry={() => void submit()} />
      )}
      <div className="dialog-actions">
        <button type="button" onClick={onClose}>
          <Trans id="people.person.close" message="Close" />
        </button>
        <button type="submit" className="primary-button" disabled={saving.isPending || Object.keys(change).length === 0}>
          <Trans id="people.person.save" message="Save" />
        </button>
      </div>
    </form>
  )
}

/** Whether somebody else has changed the person since the form was opened. */
function isConflict(error: unknown): boolean {
  return error instanceof Problem && error.status === 412
}
