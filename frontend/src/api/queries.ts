import { QueryClient } from '@tanstack/react-query'

import { Problem } from './problem'

const RETRIES = 3

/** Answers stay shown while they are read again. What can succeed later is tried again, a refusal is not. */
export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        retry: (count, error) => count < RETRIES && error instanceof Problem && error.isTemporary && error.status !== 429,
      },
      mutations: { retry: false },
    },
  })
}
