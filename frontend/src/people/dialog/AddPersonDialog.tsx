import { Trans } from '@lingui/react'
import { type FormEvent, useState } from 'react'

import { Dialog } from '../../ui/Dialog'
import { ProblemMessage } from '../../ui/ProblemMessage'
import { addPerson, usePeopleChange } from '../usePeople'
import type { Person } from '../words'
import { type Draft, EMPTY, fieldErrorsOf } from './draft'
import { FieldError, Fields, TextInput } from './Fields'
import { useFocusOnError } from './useFocusOnError'

interface AddPersonDialogProps {
  onClose: () => void
  onAdded: (person: Person) => void
}

/** Adds one person without a file, and invites them. */
export function AddPersonDialog({ onClose, onAdded }: AddPersonDialogProps) {
  const [email, setEmail] = useState('')
  const [draft, setDraft] = useState<Draft>(EMPTY)
  const [invites, setInvites] = useState(true)
  const adding = usePeopleChange(addPerson, onAdded)
  const errors = fieldErrorsOf(adding.error)
  const form = useFocusOnError(adding.error)
  const submit = (event?: FormEvent) => {
    event?.preventDefault()
    adding.mutate({ email, ...draft, send_invitation: invites })
  }
  return (
    <Dialog title={<Trans id="people.add.title" message="Add a person" />} onClose={onClose}>
      <form ref={form} onSubmit={submit}>
        <div className="dialog-fields">
          <div className="wide">
            <TextInput
              label={<Trans id="people.field.email" message="E-mail address" />}
              value={email}
              error={errors.email}
              maxLength={254}
              isRequired
              type="email"
              onChange={setEmail}
            />
          </div>
          <Fields draft={draft} errors={errors} onChange={setDraft} />
          <div className="wide">
            <label className="check">
              <input
                type="checkbox"
                checked={invites}
                aria-describedby="invites-error"
                onChange={(event) => setInvites(event.target.checked)}
              />
              <Trans id="people.add.invite" message="Send an invitation by e-mail" />
            </label>
            <FieldError id="invites-error" error={errors.send_invitation} />
          </div>
        </div>
        {Object.keys(errors).length === 0 && <ProblemMessage problem={adding.error} onRetry={() => submit()} />}
        <div className="dialog-actions">
          <button type="button" onClick={onClose}>
            <Trans id="people.add.cancel" message="Cancel" />
          </button>
          <button type="submit" className="primary-button" disabled={adding.isPending}>
            {invites ? (
              <Trans id="people.add.submit_invite" message="Add and invite" />
            ) : (
              <Trans id="people.add.submit" message="Add" />
            )}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
