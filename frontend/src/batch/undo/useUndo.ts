import { useMutation, useQueryClient } from '@tanstack/react-query'

import { api } from '../../api/client'
import { keys } from '../../api/queryKeys'
import type { components } from '../../api/schema'
import { pathOf } from '../useBatch'

export type Undone = components['schemas']['Undone']

/** Undoes an import. A large one takes several calls: each goes on where the last one stopped. */
export function useUndo(batchId: string, onProgress: (undone: Undone) => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async () => {
      for (;;) {
        const { data, response } = await api.POST('/api/v1/organizations/{org_id}/users/import/{batch_id}/undo', {
          params: { path: pathOf(batchId) },
        })
        const undone = data as Undone
        onProgress(undone)
        if (undone.is_finished) return undone
        const seconds = Number(response.headers.get('Retry-After')) || 1
        await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
      }
    },
    onSettled: () => {
      for (const queryKey of [keys.history, keys.people]) void client.invalidateQueries({ queryKey })
    },
  })
}
