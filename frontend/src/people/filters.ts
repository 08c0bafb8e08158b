import type { operations } from '../api/schema'

type Query = NonNullable<operations['people']['parameters']['query']>

/** What the list is narrowed to. Each is a parameter of the page's URL, and of the API with the same name. */
export const FILTER_NAMES = ['search', 'role', 'active', 'application', 'invited', 'batch', 'sort'] as const
export type FilterName = (typeof FILTER_NAMES)[number]
export type Filters = Partial<Record<FilterName, string>>

/** The filters that stand in the URL. */
export function filtersOf(parameters: URLSearchParams): Filters {
  const found = FILTER_NAMES.map((name) => [name, parameters.get(name)] as const)
  return Object.fromEntries(found.filter(([, value]) => value))
}

/** The filters with another value for one of them; an empty value takes it away. */
export function changed(filters: Filters, name: FilterName, value: string): Filters {
  const { [name]: _, ...others } = filters
  return value === '' ? others : { ...others, [name]: value }
}

/** Whether the list is narrowed: then an empty one does not mean that there is nobody. */
export function isNarrowed(filters: Filters): boolean {
  return FILTER_NAMES.some((name) => name !== 'sort' && filters[name])
}

/** As the API takes them. A value that it does not know is refused by the API, in its words. */
export function queryOf(filters: Filters): Query {
  return filters as Query
}
