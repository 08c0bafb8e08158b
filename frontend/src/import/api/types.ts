/**
 * What the review calls of the API send and take.
 *
 * The names are those of docs/openapi.yaml; what the page never reads is left out.
 */

export type FieldName = string

export type RowState = 'ready' | 'invalid' | 'existing' | 'dropped'
export type StateFilter = 'all' | RowState | 'edited'

export interface FileWarning {
  row: number | null
  code: string
  message: string
  column: string | null
  count: number
}

export interface FileColumn {
  header: string
  field: FieldName | null
  examples: string[]
}

export interface FileSheet {
  name: string
  is_read: boolean
  rows: number | null
  fields: FieldName[]
}

export interface EncodingReading {
  encoding: string
  is_read: boolean
  examples: string[]
}

export interface FileReading {
  filename: string
  size_bytes: number
  kind: 'csv' | 'xlsx'
  encoding: string
  encoding_readings: EncodingReading[]
  delimiter: string | null
  sheet: string | null
  sheets: FileSheet[]
  header_row: number
  mapping: Record<FieldName, string>
  columns: FileColumn[]
}

export interface Counts {
  all: number
  ready: number
  invalid: number
  existing: number
  edited: number
  dropped: number
  invitations: number
}

export interface ProblemValue {
  value: string
  count: number
  message: string
}

export interface ProblemGroup {
  field: FieldName
  column: string | null
  code: string
  count: number
  values: ProblemValue[]
}

export interface Person {
  id: string
  email: string
}

export interface ImportOptions {
  default_role: string
  skip_duplicates: boolean
  send_invitations: boolean
}

export interface Review {
  upload_id: string
  revision: number
  can_undo: boolean
  expires_at: string
  edited_at: string | null
  edited_by: Person | null
  options: ImportOptions
  file: FileReading
  counts: Counts
  problems: ProblemGroup[]
  warnings: FileWarning[]
}

export interface CellProblem {
  field: FieldName
  code: string
  message: string
}

export interface Row {
  row: number
  state: RowState
  values: Record<FieldName, string>
  edited: FieldName[]
  problems: CellProblem[]
}

export interface RowsPage {
  revision: number
  total: number
  rows: Row[]
}

export interface Edit {
  row: number
  field: FieldName
  value: string
}

export interface Replacement {
  field: FieldName
  from: string
  to: string
}

/** One change of a staged upload; `undo` stands alone. */
export interface Change {
  edits?: Edit[]
  replace?: Replacement[]
  dropped?: number[]
  restored?: number[]
  undo?: true
  mapping?: Record<FieldName, string>
  default_role?: string
  skip_duplicates?: boolean
  send_invitations?: boolean
  encoding?: string
  delimiter?: string
  sheet?: string
  header_row?: number
}

export type Changed = Review & { rows: Row[] }

export interface RowsQuery {
  state: StateFilter
  field?: string | undefined
  code?: string | undefined
  value?: string | undefined
}
