import { Trans, useLingui } from '@lingui/react'
import { useState } from 'react'

import { ProblemMessage } from '../../ui/ProblemMessage'
import { Time } from '../../ui/Time'
import { actOn, type PersonAction, usePeopleChange } from '../usePeople'
import { nameOf, type Person } from '../words'

interface PersonAccessProps {
  person: Person
  onDone: () => void
  onSaid: (words: string) => void
}

/** Whether a person can log in: the invitation, and the button that takes the access away or gives it back. */
export function PersonAccess({ person, onDone, onSaid }: PersonAccessProps) {
  const { i18n } = useLingui()
  const [isAsking, setAsking] = useState(false)
  const said = (action: PersonAction) =>
    i18n._({
      id: 'people.did',
      message:
        '{action, select, activate {{name} can log in again.} deactivate {{name} can no longer log in.} invite {{name} is sent an invitation.} other {The invitation of {name} is revoked.}}',
      values: { action, name: nameOf(person) },
    })
  const acting = usePeopleChange(
    (action: PersonAction) => actOn(person.id, action),
    () => {
      onSaid(said(acting.variables ?? 'invite'))
      onDone()
    },
  )
  const act = (action: PersonAction) => acting.mutate(action)
  return (
    <section className="person-access" aria-labelledby="person-access">
      <h3 id="person-access">
        <Trans id="people.access.title" message="Access" />
      </h3>
      <InvitationFacts person={person} />
      <ProblemMessage problem={acting.error} onRetry={() => acting.variables && act(acting.variables)} />
      {isAsking ? (
        <AskFirst person={person} onYes={() => act('deactivate')} onNo={() => setAsking(false)} />
      ) : (
        <div className="actions">
          {person.is_active && !person.last_login && person.invitation?.state !== 'accepted' && (
            <button type="button" disabled={acting.isPending} onClick={() => act('invite')}>
              {person.invitation ? (
                <Trans id="people.access.invite_again" message="Invite again" />
              ) : (
                <Trans id="people.access.invite" message="Invite" />
              )}
            </button>
          )}
          {hasOpenInvitation(person) && (
            <button type="button" disabled={acting.isPending} onClick={() => act('revoke-invitation')}>
              <Trans id="people.access.revoke" message="Revoke the invitation" />
            </button>
          )}
          {person.is_active ? (
            <button type="button" className="danger-button" onClick={() => setAsking(true)}>
              <Trans id="people.access.deactivate" message="Deactivate…" />
            </button>
          ) : (
            <button type="button" disabled={acting.isPending} onClick={() => act('activate')}>
              <Trans id="people.access.activate" message="Activate" />
            </button>
          )}
        </div>
      )}
    </section>
  )
}

function hasOpenInvitation({ invitation }: Person): boolean {
  return invitation?.state === 'pending' || invitation?.state === 'sent' || invitation?.state === 'unknown'
}

function AskFirst({ person, onYes, onNo }: { person: Person; onYes: () => void; onNo: () => void }) {
  return (
    <div className="message message-warning">
      <p>
        <Trans
          id="people.access.ask"
          message="{name} can then no longer log in, at once, and an open invitation is revoked. Nothing is deleted: you can activate the person again."
          values={{ name: nameOf(person) }}
        />
      </p>
      <div className="actions">
        <button type="button" autoFocus onClick={onNo}>
          <Trans id="people.access.keep" message="Keep the access" />
        </button>
        <button type="button" className="danger-button" onClick={onYes}>
          <Trans id="people.access.yes" message="Deactivate" />
        </button>
      </div>
    </div>
  )
}

function InvitationFacts({ person: { invitation, last_login: lastLogin } }: { person: Person }) {
  return (
    <dl className="facts small">
      <dt>
        <Trans id="people.access.last_login" message="Last login" />
      </dt>
      <dd>{lastLogin ? <Time at={lastLogin} /> : <Trans id="people.never" message="Never" />}</dd>
      {invitation?.sent_at && (
        <>
          <dt>
            <Trans id="people.access.sent" message="Invitation sent" />
          </dt>
          <dd>
            <Time at={invitation.sent_at} />
          </dd>
        </>
      )}
      {invitation?.expires_at && hasOpenInvitation({ invitation } as Person) && (
        <>
          <dt>
            <Trans id="people.access.expires" message="Valid until" />
          </dt>
          <dd>
            <Time at={invitation.expires_at} />
          </dd>
        </>
      )}
      {invitation?.reason && (
        <>
          <dt>
            <Trans id="people.access.reason" message="Why it failed" />
          </dt>
          <dd>{invitation.reason}</dd>
        </>
      )}
    </dl>
  )
}
