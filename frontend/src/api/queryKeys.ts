/** The keys of cached answers, so that a change knows what to read again. */
export const keys = {
  /** All pages of the history. */
  history: ['history'] as const,
  batch: (batchId: string) => ['batch', batchId] as const,
  batchErrors: (batchId: string) => ['batch', batchId, 'errors'] as const,
  /** All lists of people. */
  people: ['people'] as const,
  person: (personId: string) => ['person', personId] as const,
}
