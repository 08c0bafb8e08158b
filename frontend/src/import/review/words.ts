/** Names of fields, states and values in the reader's language. */

import type { I18n } from '@lingui/core'

import type { StateFilter } from '../api/types'

/** The name of a filter, or of the state of a row. */
export function stateName(i18n: I18n, state: StateFilter): string {
  switch (state) {
    case 'all':
      return i18n._({ id: 'import.state.all', message: 'All' })
    case 'ready':
      return i18n._({ id: 'import.state.ready', message: 'Ready' })
    case 'invalid':
      return i18n._({ id: 'import.state.invalid', message: 'To mend' })
    case 'existing':
      return i18n._({ id: 'import.state.existing', message: 'Already here' })
    case 'edited':
      return i18n._({ id: 'import.state.edited', message: 'Edited' })
    case 'dropped':
      return i18n._({ id: 'import.state.dropped', message: 'Left out' })
  }
}

/** The name of a field; its own name where the page does not know it. */
export function fieldName(i18n: I18n, field: string): string {
  switch (field) {
    case 'email':
      return i18n._({ id: 'import.field.email', message: 'E-mail address' })
    case 'first_name':
      return i18n._({ id: 'import.field.first_name', message: 'First name' })
    case 'last_name':
      return i18n._({ id: 'import.field.last_name', message: 'Last name' })
    case 'full_name':
      return i18n._({ id: 'import.field.full_name', message: 'Full name, to be split' })
    case 'role':
      return i18n._({ id: 'import.field.role', message: 'Role' })
    case 'department':
      return i18n._({ id: 'import.field.department', message: 'Department' })
    case 'location':
      return i18n._({ id: 'import.field.location', message: 'Location' })
    case 'phone':
      return i18n._({ id: 'import.field.phone', message: 'Phone number' })
    case 'market_edge_access':
      return i18n._({ id: 'import.field.market_edge_access', message: 'MarketEdge access' })
    case 'causal_edge_access':
      return i18n._({ id: 'import.field.causal_edge_access', message: 'CausalEdge access' })
    case 'value_edge_access':
      return i18n._({ id: 'import.field.value_edge_access', message: 'ValueEdge access' })
    case 'send_invitation':
      return i18n._({ id: 'import.field.send_invitation', message: 'Send an invitation' })
    default:
      return field
  }
}

/** The name of a role. */
export function roleName(i18n: I18n, role: string): string {
  switch (role) {
    case 'admin':
      return i18n._({ id: 'import.role.admin', message: 'Administrator' })
    case 'analyst':
      return i18n._({ id: 'import.role.analyst', message: 'Analyst' })
    case 'viewer':
      return i18n._({ id: 'import.role.viewer', message: 'Viewer' })
    default:
      return role
  }
}
