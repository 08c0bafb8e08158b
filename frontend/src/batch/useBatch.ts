import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { api, dataOf } from '../api/client'
import { keys } from '../api/queryKeys'
import { organizationId } from '../app/pageData'
import { type Batch, type PollAnswer, Polling } from './polling'

const BATCH_PATH = '/api/v1/organizations/{org_id}/users/import/{batch_id}'

async function ask(batchId: string, etag: string | null, signal: AbortSignal): Promise<PollAnswer> {
  const { data, response } = await api.GET(BATCH_PATH, {
    params: { path: { org_id: organizationId, batch_id: batchId }, header: etag === null ? {} : { 'If-None-Match': etag } },
    signal,
  })
  return { batch: response.status === 304 ? null : (data ?? null), etag: response.headers.get('ETag') }
}

/**
 * A batch and its progress. It is polled while it runs, not while the tab is hidden (that is react-query's default), and
 * less often while the connection is lost.
 */
export function useBatch(batchId: string) {
  const [polling] = useState(() => new Polling((etag, signal) => ask(batchId, etag, signal)))
  const query = useQuery({
    queryKey: keys.batch(batchId),
    queryFn: ({ signal }) => polling.poll(signal),
    retry: false,
    refetchInterval: ({ state }) => polling.nextMilliseconds(state.error),
    refetchOnWindowFocus: 'always',
    refetchOnReconnect: 'always',
    // Without this a lost network would pause the request and say nothing.
    networkMode: 'always',
  })
  return { ...query, polling }
}

/** Stops a batch. */
export function useCancel(batchId: string, polling: Polling) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => dataOf(api.POST(`${BATCH_PATH}/cancel`, { params: { path: pathOf(batchId) } })),
    onSuccess: (batch: Batch) => {
      polling.replace(batch)
      client.setQueryData(keys.batch(batchId), batch)
    },
  })
}

/** Runs a failed or cancelled batch again, as a new one. */
export function useRetry(batchId: string, onNew: (batch: Batch) => void) {
  return useMutation({
    mutationFn: () => dataOf(api.POST(`${BATCH_PATH}/retry`, { params: { path: pathOf(batchId) } })),
    onSuccess: onNew,
  })
}

export function pathOf(batchId: string) {
  return { org_id: organizationId, batch_id: batchId }
}
