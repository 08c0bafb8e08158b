import type { I18n } from '@lingui/core'

/** A field of the file in words. A field that this page does not know is shown as it is. */
export function fieldWords(i18n: I18n, field: string): string {
  switch (field) {
    case 'email':
      return i18n._({ id: 'batch.field.email', message: 'E-mail address' })
    case 'first_name':
      return i18n._({ id: 'batch.field.first_name', message: 'First name' })
    case 'last_name':
      return i18n._({ id: 'batch.field.last_name', message: 'Last name' })
    case 'full_name':
      return i18n._({ id: 'batch.field.full_name', message: 'Full name' })
    case 'role':
      return i18n._({ id: 'batch.field.role', message: 'Role' })
    case 'department':
      return i18n._({ id: 'batch.field.department', message: 'Department' })
    case 'location':
      return i18n._({ id: 'batch.field.location', message: 'Location' })
    case 'phone':
      return i18n._({ id: 'batch.field.phone', message: 'Phone' })
    case 'send_invitation':
      return i18n._({ id: 'batch.field.send_invitation', message: 'Send invitation' })
    case 'market_edge_access':
      return i18n._({ id: 'batch.field.market_edge', message: 'MarketEdge access' })
    case 'causal_edge_access':
      return i18n._({ id: 'batch.field.causal_edge', message: 'CausalEdge access' })
    case 'value_edge_access':
      return i18n._({ id: 'batch.field.value_edge', message: 'ValueEdge access' })
    case '':
      return i18n._({ id: 'batch.field.row', message: 'The whole row' })
    default:
      return field
  }
}
