import { Trans } from '@lingui/react'
import type { FormEvent } from 'react'

import { Dialog } from '../../ui/Dialog'
import { ProblemMessage } from '../../ui/ProblemMessage'
import { forgetKept, useKept } from '../../ui/useKept'
import { addPerson, usePeopleChange } from '../usePeople'
import type { Person } from '../words'
import { type Draft, EMPTY, fieldErrorsOf } from './draft'
import { FieldError, Fields, TextInput } from './Fields'
import { useFocusOnError } from './useFocusOnError'

interface AddPersonDialogProps {
  onClose: () => void
  onAdded: (person: Person) => void
}

const KEPT = 'new person'

interface Kept {
  email: string
  draft: Draft
  invites: boolean
}

/** Adds one person without a file, and invites them. */
export function AddPersonDialog({ onClose, onAdded }: AddPersonDialogProps) {
  const [kept, keep] = useKept<Kept>(KEPT, { email: '', draft: EMPTY, invites: true })
  const { email, draft, invites } = kept
  const adding = usePeopleChange(addPerson, (person) => {
    forgetKept(KEPT)
    onAdded(person)
  })
  const close = () => {
    forgetKept(KEPT)
    onClose()
  }
  const errors = fieldErrorsOf(adding.error)
  const form = useFocusOnError(adding.error)
  const submit = (event?: FormEvent) => {
    event?.preventDefault()
    adding.mutate({ email, ...draft, send_invitation: invites })
  }
  return (
    <Dialog title={<Trans id="people.add.title" message="Add a person" />} onClose={close}>
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
              onChange={(next) => keep({ ...kept, email: next })}
            />
          </div>
          <Fields draft={draft} errors={errors} onChange={(next) => keep({ ...kept, draft: next })} />
          <div className="wide">
            <label className="check">
              <input
                type="checkbox"
                checked={invites}
                aria-describedby="invites-error"
                onChange={(event) => keep({ ...kept, invites: event.target.checked })}
              />
              <Trans id="people.add.invite" message="Send an invitation by e-mail" />
            </label>
            <FieldError id="invites-error" error={errors.send_invitation} />
          </div>
        </div>
        {Object.keys(errors).length === 0 && <ProblemMessage problem={adding.error} onRetry={() => submit()} />}
        <div className="dialog-actions">
          <button type="button" onClick={close}>
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
