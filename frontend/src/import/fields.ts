/** The fields of a file, in the order in which the page shows them. The rules are the server's alone. */

export type FieldKind = 'text' | 'role' | 'boolean'

export interface Field {
  name: string
  kind: FieldKind
  isRequired: boolean
}

export const FULL_NAME = 'full_name'
export const NAME_FIELDS: readonly string[] = ['first_name', 'last_name']

export const FIELDS: readonly Field[] = [
  { name: 'email', kind: 'text', isRequired: true },
  { name: 'first_name', kind: 'text', isRequired: true },
  { name: 'last_name', kind: 'text', isRequired: true },
  { name: FULL_NAME, kind: 'text', isRequired: false },
  { name: 'role', kind: 'role', isRequired: false },
  { name: 'department', kind: 'text', isRequired: false },
  { name: 'location', kind: 'text', isRequired: false },
  { name: 'phone', kind: 'text', isRequired: false },
  { name: 'market_edge_access', kind: 'boolean', isRequired: false },
  { name: 'causal_edge_access', kind: 'boolean', isRequired: false },
  { name: 'value_edge_access', kind: 'boolean', isRequired: false },
  { name: 'send_invitation', kind: 'boolean', isRequired: false },
]

export const ROLES = ['viewer', 'analyst', 'admin'] as const

/** What a cell of a kind may hold, as the page offers it; null: any text. */
export function choicesOf(kind: FieldKind): readonly string[] | null {
  if (kind === 'role') return ROLES
  return kind === 'boolean' ? ['true', 'false'] : null
}

/** The fields that a file has a column for, in the order of the table. */
export function shownFields(mapping: Readonly<Record<string, string>>): Field[] {
  return FIELDS.filter(({ name }) => mapping[name])
}
