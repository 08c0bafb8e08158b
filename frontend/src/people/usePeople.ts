import { keepPreviousData, useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'

import { api, dataOf } from '../api/client'
import { keys } from '../api/queryKeys'
import type { components } from '../api/schema'
import { organizationId } from '../app/pageData'
import { type Filters, queryOf } from './filters'
import type { Person } from './words'

const PEOPLE_PATH = '/api/v1/organizations/{org_id}/users'
const PERSON_PATH = '/api/v1/organizations/{org_id}/users/{user_id}'
const PAGE_SIZE = 50

export type NewPerson = components['schemas']['NewPersonRequest']
export type Change = components['schemas']['PatchedChangeRequest']

/** The people who match, in pages. */
export function usePeople(filters: Filters) {
  return useInfiniteQuery({
    queryKey: [...keys.people, filters],
    queryFn: ({ pageParam, signal }) => {
      const query = { ...queryOf(filters), page_size: PAGE_SIZE, ...(pageParam && { cursor: pageParam }) }
      return dataOf(api.GET(PEOPLE_PATH, { params: { path: { org_id: organizationId }, query }, signal }))
    },
    initialPageParam: '',
    getNextPageParam: ({ next }) => (next && new URL(next).searchParams.get('cursor')) || undefined,
    placeholderData: keepPreviousData,
  })
}

/** A person with the ETag that a change has to send. */
export interface Version {
  person: Person
  etag: string
}

export async function readPerson(personId: string, signal: AbortSignal): Promise<Version> {
  const { data, response } = await api.GET(PERSON_PATH, { params: { path: pathOf(personId) }, signal })
  return { person: data as Person, etag: response.headers.get('ETag') ?? '' }
}

/** Changes a person whom nobody else has changed since. */
export async function changePerson({ person, etag }: Version, change: Change): Promise<Person> {
  return dataOf(api.PATCH(PERSON_PATH, { params: { path: pathOf(person.id), header: { 'If-Match': etag } }, body: change }))
}

export type PersonAction = 'activate' | 'deactivate' | 'invite' | 'revoke-invitation'

export async function actOn(personId: string, action: PersonAction): Promise<Person> {
  return dataOf(api.POST(`${PERSON_PATH}/${action}`, { params: { path: pathOf(personId) } }))
}

export async function addPerson(person: NewPerson): Promise<Person> {
  return dataOf(api.POST(PEOPLE_PATH, { params: { path: { org_id: organizationId } }, body: person }))
}

/** A call that changes people; the lists are read again after it. */
export function usePeopleChange<Argument>(call: (argument: Argument) => Promise<Person>, onDone: (person: Person) => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: call,
    onSuccess: async (person) => {
      client.removeQueries({ queryKey: keys.person(person.id) })
      onDone(person)
      await client.invalidateQueries({ queryKey: keys.people })
    },
  })
}

function pathOf(personId: string) {
  return { org_id: organizationId, user_id: personId }
}
