import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'

import { api, dataOf } from '../../api/client'
import { keys } from '../../api/queryKeys'
import { organizationId } from '../../app/pageData'

/** A fact that names a person. Nothing for platform staff and for people who have left: the organisation can't see them. */
export function By({ id, label }: { id: string | null; label: ReactNode }) {
  const { data } = useQuery({
    queryKey: [...keys.person(id ?? ''), 'name'],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET('/api/v1/organizations/{org_id}/users/{user_id}', {
          params: { path: { org_id: organizationId, user_id: id ?? '' } },
          signal,
        }),
      ),
    enabled: id !== null,
    staleTime: Infinity,
    retry: false,
  })
  if (!data) return null
  return (
    <>
      <dt>{label}</dt>
      <dd>
        <bdi>{data.email}</bdi>
      </dd>
    </>
  )
}
