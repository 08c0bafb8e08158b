import { Trans, useLingui } from '@lingui/react'

import { Table, type TableColumn } from '../ui/Table'
import { Time } from '../ui/Time'
import { PersonState } from './PersonState'
import { APPLICATION_NAMES, APPLICATIONS, nameOf, type Person, roleWords } from './words'

interface PeopleTableProps {
  people: Person[]
  /** A value of the API's parameter `sort`; empty for its default. */
  sort: string
  onSort: (sort: string) => void
  onOpen: (person: Person) => void
}

/** People, each with what they may do. The name opens the person. */
export function PeopleTable({ people, sort, onSort, onOpen }: PeopleTableProps) {
  const { i18n } = useLingui()
  const sorted = (key: string, id: string, name: string): TableColumn => ({
    id,
    name,
    head: <SortButton name={name} direction={directionOf(sort, key)} onClick={() => onSort(sort === key ? `-${key}` : key)} />,
    sort: directionOf(sort, key),
  })
  const columns: TableColumn[] = [
    sorted('last_name', 'name', i18n._({ id: 'people.column.name', message: 'Name' })),
    sorted('email', 'email', i18n._({ id: 'people.column.email', message: 'E-mail address' })),
    { id: 'role', name: i18n._({ id: 'people.column.role', message: 'Role' }) },
    { id: 'applications', name: i18n._({ id: 'people.column.applications', message: 'Applications' }), isMinor: true },
    { id: 'department', name: i18n._({ id: 'people.column.department', message: 'Department' }), isMinor: true },
    { id: 'state', name: i18n._({ id: 'people.column.state', message: 'Access' }) },
    { ...sorted('last_login', 'last_login', i18n._({ id: 'people.column.last_login', message: 'Last login' })), isMinor: true },
  ]
  return (
    <Table
      label={i18n._({ id: 'people.table', message: 'People' })}
      columns={columns}
      rows={people}
      rowKey={({ id }) => id}
      cell={(person, column) => <Cell person={person} column={column} onOpen={onOpen} />}
    />
  )
}

function Cell({ person, column, onOpen }: { person: Person; column: string; onOpen: (person: Person) => void }) {
  const { i18n } = useLingui()
  switch (column) {
    case 'name':
      return (
        <button type="button" className="link-button person-name" onClick={() => onOpen(person)}>
          <bdi>{nameOf(person)}</bdi>
        </button>
      )
    case 'email':
      return (
        <bdi className="person-email" title={person.email}>
          {person.email}
        </bdi>
      )
    case 'role':
      return roleWords(i18n, person.role)
    case 'applications':
      return <ApplicationsOf person={person} />
    case 'department':
      return <bdi>{person.department || '–'}</bdi>
    case 'state':
      return <PersonState person={person} />
    default:
      return person.last_login ? <Time at={person.last_login} isDate /> : <Trans id="people.never" message="Never" />
  }
}

function ApplicationsOf({ person }: { person: Person }) {
  const names = APPLICATIONS.filter((each) => person[each]).map((each) => APPLICATION_NAMES[each])
  return names.join(', ') || '–'
}

function directionOf(sort: string, key: string): 'ascending' | 'descending' | undefined {
  if (sort === key) return 'ascending'
  return sort === `-${key}` ? 'descending' : undefined
}

interface SortButtonProps {
  name: string
  direction: 'ascending' | 'descending' | undefined
  onClick: () => void
}

function SortButton({ name, direction, onClick }: SortButtonProps) {
  return (
    <button type="button" className="table-sort" data-direction={direction} onClick={onClick}>
      {name}
    </button>
  )
}
