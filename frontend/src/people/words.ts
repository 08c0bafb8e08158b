import type { I18n } from '@lingui/core'

import type { components } from '../api/schema'

export type Person = components['schemas']['Person']
export type Role = Person['role']
export type InvitationState = components['schemas']['InvitationStateEnum'] | 'none'

export const ROLES: Role[] = ['admin', 'analyst', 'viewer']
export const APPLICATIONS = ['market_edge_access', 'causal_edge_access', 'value_edge_access'] as const
export type Application = (typeof APPLICATIONS)[number]
/** Names of products: the same in each language. */
export const APPLICATION_NAMES: Record<Application, string> = {
  market_edge_access: 'MarketEdge',
  causal_edge_access: 'CausalEdge',
  value_edge_access: 'ValueEdge',
}

export const INVITATION_STATES: InvitationState[] = [
  'none',
  'pending',
  'sent',
  'accepted',
  'expired',
  'failed',
  'bounced',
  'revoked',
  'unknown',
]

export function nameOf(person: Person): string {
  return `${person.first_name} ${person.last_name}`.trim() || person.email
}

export function roleWords(i18n: I18n, role: Role): string {
  switch (role) {
    case 'admin':
      return i18n._({ id: 'people.role.admin', message: 'Administrator' })
    case 'analyst':
      return i18n._({ id: 'people.role.analyst', message: 'Analyst' })
    default:
      return i18n._({ id: 'people.role.viewer', message: 'Viewer' })
  }
}

export function invitationWords(i18n: I18n, state: InvitationState): string {
  switch (state) {
    case 'pending':
      return i18n._({ id: 'people.invitation.pending', message: 'Invitation waiting' })
    case 'sent':
      return i18n._({ id: 'people.invitation.sent', message: 'Invited' })
    case 'accepted':
      return i18n._({ id: 'people.invitation.accepted', message: 'Invitation accepted' })
    case 'expired':
      return i18n._({ id: 'people.invitation.expired', message: 'Invitation expired' })
    case 'failed':
      return i18n._({ id: 'people.invitation.failed', message: 'Invitation failed' })
    case 'bounced':
      return i18n._({ id: 'people.invitation.bounced', message: 'Invitation came back' })
    case 'revoked':
      return i18n._({ id: 'people.invitation.revoked', message: 'Invitation revoked' })
    case 'unknown':
      return i18n._({ id: 'people.invitation.unknown', message: 'Invitation may have been sent' })
    default:
      return i18n._({ id: 'people.invitation.none', message: 'Never invited' })
  }
}
