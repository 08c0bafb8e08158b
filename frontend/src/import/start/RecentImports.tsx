/** The last imports of the organisation, beneath the place for the next one. */

import { Trans, useLingui } from '@lingui/react'
import { useQuery } from '@tanstack/react-query'
import { Link } from 'wouter'

import { api, dataOf } from '../../api/client'
import { organizationId } from '../../app/pageData'

const SHOWN = 5

export function RecentImports() {
  const { i18n } = useLingui()
  const { data } = useQuery({
    queryKey: ['recent imports'],
    queryFn: () =>
      dataOf(
        api.GET('/api/v1/organizations/{org_id}/users/import', {
          params: { path: { org_id: organizationId }, query: { page_size: SHOWN } },
        }),
      ),
  })
  if (data === undefined || data.results.length === 0) return null
  return (
    <section className="recent-imports" aria-labelledby="recent-imports">
      <h2 id="recent-imports">
        <Trans id="import.recent.title" message="The last imports" />
      </h2>
      <ul>
        {data.results.map((batch) => (
          <li key={batch.id}>
            <Link href={`/imports/${batch.id}`}>
              <bdi>{batch.filename}</bdi>
            </Link>
            <span>
              <Trans
                id="import.recent.created"
                message="{count, plural, one {# person created} other {# people created}}"
                values={{ count: batch.successful_rows }}
              />
            </span>
            <time dateTime={batch.created_at}>
              {i18n.date(new Date(batch.created_at), { dateStyle: 'medium', timeStyle: 'short' })}
            </time>
          </li>
        ))}
      </ul>
      <Link href="/imports">
        <Trans id="import.recent.all" message="All imports" />
      </Link>
    </section>
  )
}
