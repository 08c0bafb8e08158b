/** The names that the page uses for what the review calls send and take (docs/openapi.yaml). */

import type { components } from '../../api/schema'

type Schemas = components['schemas']

export type Review = Schemas['Review']
export type Changed = Schemas['ChangedReview']
export type Counts = Schemas['ReviewCounts']
export type Person = Schemas['ReviewEditor']
export type ProblemGroup = Schemas['ReviewProblemGroup']
export type ProblemValue = Schemas['ReviewProblemValue']
export type Row = Schemas['ReviewRow']
export type RowState = Row['state']
export type RowsPage = Schemas['ReviewRows']
export type FileReading = Schemas['PreviewFile']
export type StateFilter = 'all' | RowState | 'edited'

/** A text for a cell. Names of fields come from the server's answers: here they are any text. */
export interface Edit {
  row: number
  field: string
  value: string
}

/** A text for each cell of a field that has exactly another one. */
export interface Replacement {
  field: string
  from: string
  to: string
}

type SentChange = Schemas['PatchedReviewChangeRequest']

/** One change of a staged upload; `undo` stands alone. The revision is added when it is sent. */
export interface Change
  extends Omit<SentChange, 'revision' | 'edits' | 'replace' | 'default_role'> {
  edits?: Edit[]
  replace?: Replacement[]
  default_role?: string
}

/** Which rows are asked for. */
export interface RowsQuery {
  state: StateFilter
  field?: string | undefined
  code?: string | undefined
  value?: string | undefined
}
