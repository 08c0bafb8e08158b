import { Trans, useLingui } from '@lingui/react'

import { invitationWords, type InvitationState, type Person } from './words'

/** Invitations that somebody should look at. */
const TROUBLED: ReadonlySet<InvitationState> = new Set(['failed', 'bounced', 'expired', 'unknown'])

/** Whether a person can log in, and if not, why. */
export function PersonState({ person }: { person: Person }) {
  const { i18n } = useLingui()
  if (!person.is_active)
    return (
      <span className="badge">
        <Trans id="people.state.inactive" message="Deactivated" />
      </span>
    )
  const state = person.invitation?.state ?? 'none'
  if (person.last_login || state === 'accepted')
    return (
      <span className="badge badge-good">
        <Trans id="people.state.active" message="Active" />
      </span>
    )
  if (state === 'none') return <span className="badge">{invitationWords(i18n, state)}</span>
  return <span className={`badge ${TROUBLED.has(state) ? 'badge-warning' : 'badge-accent'}`}>{invitationWords(i18n, state)}</span>
}
