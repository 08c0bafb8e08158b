import { Problem } from '../../api/problem'
import type { Change } from '../usePeople'
import { APPLICATIONS, type Person, type Role } from '../words'

/** What the form of a person holds. */
export interface Draft {
  first_name: string
  last_name: string
  role: Role
  department: string
  location: string
  phone: string
  market_edge_access: boolean
  causal_edge_access: boolean
  value_edge_access: boolean
}

export const TEXT_FIELDS = ['first_name', 'last_name', 'department', 'location', 'phone'] as const
const FIELDS: readonly (keyof Draft)[] = [...TEXT_FIELDS, 'role', ...APPLICATIONS]

export const EMPTY: Draft = {
  first_name: '',
  last_name: '',
  role: 'viewer',
  department: '',
  location: '',
  phone: '',
  market_edge_access: false,
  causal_edge_access: false,
  value_edge_access: false,
}

export function draftOf(person: Person): Draft {
  return Object.fromEntries(FIELDS.map((field) => [field, person[field]])) as unknown as Draft
}

/** The fields that differ from those of a person: what a change has to send. */
export function changeOf(draft: Draft, person: Person): Change {
  return Object.fromEntries(FIELDS.filter((field) => draft[field] !== person[field]).map((field) => [field, draft[field]]))
}

/** Refusals that are about one field although the server names none. */
const FIELD_OF_CODE: Record<string, string> = {
  already_exists: 'email',
  address_unavailable: 'email',
  role_above_own: 'role',
  own_account: 'role',
  last_administrator: 'role',
  email_not_set_up: 'send_invitation',
}

/** The server's sentence for each field; none for a refusal that is about no field. */
export function fieldErrorsOf(error: unknown): Record<string, string> {
  if (!(error instanceof Problem)) return {}
  const field = FIELD_OF_CODE[error.code]
  if (field) return { [field]: error.detail }
  return Object.fromEntries(error.errors.map((each) => [each.field, each.message]))
}
