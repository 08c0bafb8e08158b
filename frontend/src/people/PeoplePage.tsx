import { Trans, useLingui } from '@lingui/react'
import { useState } from 'react'
import { Link, useSearchParams } from 'wouter'

import { Heading } from '../app/Heading'
import { ProblemMessage } from '../ui/ProblemMessage'
import { TableLoading } from '../ui/TableLoading'
import { AddPersonDialog } from './dialog/AddPersonDialog'
import { PersonDialog } from './dialog/PersonDialog'
import { changed, type FilterName, type Filters, filtersOf, isNarrowed } from './filters'
import './people.css'
import { PeopleFilters } from './PeopleFilters'
import { PeopleTable } from './PeopleTable'
import { usePeople } from './usePeople'
import { nameOf, type Person } from './words'

/** The people of the organisation: find them, change them, add one. */
export default function PeoplePage() {
  const { i18n } = useLingui()
  const [parameters, setParameters] = useSearchParams()
  const [said, setSaid] = useState('')
  const filters = filtersOf(parameters)
  // What is open stands in the URL, so that a reload and a login come back to it.
  const openId = parameters.get('person')
  const open = (what: { person?: string; add?: string }) => setParameters({ ...filters, ...what }, { replace: true })
  const close = () => open({})
  const change = (name: FilterName, value: string) => setParameters(changed(filters, name, value), { replace: true })
  return (
    <>
      <div className="page-head">
        <Heading title={i18n._({ id: 'people.title', message: 'People' })} />
        <div className="actions">
          <Link className="button" href="/">
            <Trans id="people.import" message="Import a file" />
          </Link>
          <button type="button" className="primary-button" onClick={() => open({ add: 'yes' })}>
            <Trans id="people.add" message="Add a person" />
          </button>
        </div>
      </div>
      <PeopleFilters filters={filters} onChange={change} />
      {filters.batch && <OfOneImport batchId={filters.batch} onAll={() => change('batch', '')} />}
      <People filters={filters} onSort={(sort) => change('sort', sort)} onClear={() => setParameters({})} onOpen={({ id }) => open({ person: id })} />
      <p className="said" role="status">
        {said}
      </p>
      {parameters.has('add') && (
        <AddPersonDialog
          onClose={close}
          onAdded={(person) => {
            close()
            setSaid(i18n._({ id: 'people.added', message: '{name} was added.', values: { name: nameOf(person) } }))
          }}
        />
      )}
      {openId && <PersonDialog key={openId} personId={openId} onClose={close} onSaid={setSaid} />}
    </>
  )
}

interface PeopleProps {
  filters: Filters
  onSort: (sort: string) => void
  onClear: () => void
  onOpen: (person: Person) => void
}

function People({ filters, onSort, onClear, onOpen }: PeopleProps) {
  const { data, error, refetch, isPlaceholderData, fetchNextPage, hasNextPage, isFetchingNextPage } = usePeople(filters)
  const people = data?.pages.flatMap((page) => page.results) ?? []
  return (
    <>
      <ProblemMessage problem={error} onRetry={() => void refetch()} />
      {!data && !error && <TableLoading rows={12} />}
      {data && people.length === 0 && <Nobody isNarrowed={isNarrowed(filters)} onClear={onClear} />}
      {people.length > 0 && (
        <div className={isPlaceholderData ? 'section is-stale' : 'section'}>
          <PeopleTable people={people} sort={filters.sort ?? (filters.search ? '' : 'email')} onSort={onSort} onOpen={onOpen} />
          <div className="pager">
            <span role="status">
              {hasNextPage ? (
                <Trans id="people.first" message="The first {count, number} people" values={{ count: people.length }} />
              ) : (
                <Trans
                  id="people.count"
                  message="{count, plural, one {One person} other {# people}}"
                  values={{ count: people.length }}
                />
              )}
            </span>
            {hasNextPage && (
              <button type="button" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                <Trans id="people.more" message="Show more" />
              </button>
            )}
          </div>
        </div>
      )}
    </>
  )
}

function OfOneImport({ batchId, onAll }: { batchId: string; onAll: () => void }) {
  return (
    <div className="people-batch">
      <span>
        <Trans id="people.batch" message="Only people whom one import added" />
      </span>
      <Link href={`/imports/${batchId}`}>
        <Trans id="people.batch.open" message="Look at the import" />
      </Link>
      <button type="button" className="link-button" onClick={onAll}>
        <Trans id="people.batch.all" message="Show everybody" />
      </button>
    </div>
  )
}

function Nobody({ isNarrowed: isFiltered, onClear }: { isNarrowed: boolean; onClear: () => void }) {
  if (!isFiltered)
    return (
      <div className="empty">
        <h2>
          <Trans id="people.empty.title" message="Nobody is here yet" />
        </h2>
        <p>
          <Trans id="people.empty.text" message="Import a spreadsheet with your people, or add them one by one." />
        </p>
      </div>
    )
  return (
    <div className="empty">
      <h2>
        <Trans id="people.none.title" message="Nobody matches" />
      </h2>
      <p>
        <Trans id="people.none.text" message="The search looks at how names and e-mail addresses begin." />
      </p>
      <button type="button" onClick={onClear}>
        <Trans id="people.none.clear" message="Clear search and filters" />
      </button>
    </div>
  )
}
