/**
 * What the review page shows: the review, the rows of the chosen filter, what waits to be saved.
 *
 * The state is replaced, never changed, so that React sees each change by identity.
 */

import type { Problem } from '../../../api/problem'
import type { Change, Changed, Edit, Person, Review, Row, RowsPage, RowsQuery } from '../../api/types'
import { Outbox, type OutboxPorts, type OutboxState, type Waiting } from './outbox'
import {
  isRead,
  missingPages,
  nextWrong,
  offsetOf,
  PAGE_ROWS,
  type RowList,
  unreadList,
  withPage,
  withRows,
} from './rowCache'

export type Notice =
  | { kind: 'changed_by'; person: Person | null }
  | { kind: 'refused'; detail: string; code: string; change: Change }

export interface ReviewState {
  review: Review
  query: RowsQuery
  list: RowList
  /** Whether the rows of this filter were answered at least once. */
  isListRead: boolean
  /** The call for rows that failed last; null: none. */
  failure: unknown
  waiting: readonly Waiting[]
  outbox: OutboxState
  notice: Notice | null
  /** Why the server takes no change for now; null: it takes them. */
  held: Problem | null
  /** The import that was made of the upload, where it is gone for that. */
  batchId: string | null
}

export interface StorePorts {
  getRows: (query: RowsQuery, offset: number, limit: number) => Promise<RowsPage>
  outbox: OutboxPorts
}

export class ReviewStore {
  state: ReviewState
  readonly outbox: Outbox
  private readonly listeners = new Set<() => void>()
  private readonly inFlight = new Map<number, Promise<void>>()
  private generation = 0
  private visible = { from: 0, to: 50 }

  constructor(review: Review, query: RowsQuery, private readonly ports: StorePorts) {
    this.outbox = new Outbox(review.revision, ports.outbox, {
      onChanged: (changed, change) => this.takeChanged(changed, change),
      onReloaded: (reloaded, person, isEcho) =>
        this.takeReloaded(reloaded, isEcho ? this.state.notice : { kind: 'changed_by', person }),
      onRefused: (detail, code, change) => {
        this.set({ notice: { kind: 'refused', detail, code, change } })
      },
      onHeld: (held) => this.set({ held }),
      onGone: (batchId) => this.set({ batchId }),
      onState: () => this.copyOutbox(),
    })
    this.state = {
      review,
      query,
      list: listFor(review, query),
      isListRead: false,
      failure: null,
      waiting: this.outbox.waiting,
      outbox: this.outbox.state,
      notice: null,
      held: null,
      batchId: null,
    }
  }

  /** Fetches the first rows and sends what an earlier visit left unsent. */
  start(): void {
    void this.refresh()
    if (this.outbox.waiting.length > 0) this.outbox.retry()
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  getState = (): ReviewState => this.state

  change(change: Change): void {
    this.outbox.add(change)
  }

  /** Shows the rows of another filter. */
  setQuery(query: RowsQuery): void {
    if (sameQuery(query, this.state.query)) return
    this.visible = { from: 0, to: 50 }
    this.set({ query, list: listFor(this.state.review, query), isListRead: false })
    void this.refresh()
  }

  /** Takes the state as another call has told it, such as an import that was refused as stale. */
  takeReview(review: Review, person: Person | null): void {
    this.outbox.seen(review.revision)
    this.takeReloaded(review, { kind: 'changed_by', person })
  }

  /** Sends what waits and reads what did not come: the connection or the person is back. */
  resume(): void {
    this.outbox.retry()
    if (this.state.failure !== null) void this.refresh()
  }

  dismiss(): void {
    this.set({ notice: null })
  }

  /** Makes sure that the rows from one place to another are there, or on their way. */
  async ensure(from: number, to: number): Promise<void> {
    await Promise.all(missingPages(this.state.list, from, to).map((start) => this.fetchPage(start)))
  }

  /** Says which places are on the screen; they are fetched. */
  show(from: number, to: number): void {
    this.visible = { from, to }
    if (this.state.isListRead) void this.ensure(from, to)
  }

  /** Reads the list anew without emptying what is on the screen. */
  async refresh(): Promise<void> {
    const generation = this.nextGeneration()
    const start = Math.floor(this.visible.from / PAGE_ROWS) * PAGE_ROWS
    try {
      const page = await this.ports.getRows(this.state.query, start, PAGE_ROWS)
      if (generation !== this.generation) return
      const { state } = this.state.query
      const fresh = unreadList(state, isNarrowed(this.state.query), page.total)
      const list = withPage(fresh, start, page) ?? fresh
      this.set({ list, isListRead: true, failure: null })
      await this.ensure(this.visible.from, this.visible.to)
    } catch (failure) {
      if (generation === this.generation) this.set({ failure, isListRead: true })
    }
  }

  /** The next wrong cell; fetches the rows on the way there. */
  async findWrong(
    fields: readonly string[],
    from: { index: number; column: number },
    step: 1 | -1,
  ): Promise<{ index: number; column: number } | null> {
    const { generation } = this
    for (;;) {
      const found = nextWrong(this.state.list, fields, from, step)
      if (found === null || !('unread' in found)) return found
      await this.ensure(found.unread, found.unread)
      const isStillUnread = !isRead(this.state.list.places[found.unread])
      if (generation !== this.generation || isStillUnread) return null
    }
  }

  /** Puts a range of cells in, from one cell on, as one change. Gives the number of cells. */
  async paste(index: number, fields: readonly string[], cells: readonly string[][]): Promise<number> {
    await this.ensure(index, index + cells.length - 1)
    const edits: Edit[] = []
    cells.forEach((values, down) => {
      const place = this.state.list.places[index + down]
      if (!isRead(place)) return
      values.slice(0, fields.length).forEach((value, across) => {
        const field = fields[across] as string
        if (place.values[field] !== value) edits.push({ row: place.row, field, value })
      })
    })
    if (edits.length > 0) this.change({ edits })
    return edits.length
  }

  private fetchPage(start: number): Promise<void> {
    const running = this.inFlight.get(start)
    if (running !== undefined) return running
    const fetching = this.readPage(start, this.generation).finally(() => {
      if (this.inFlight.get(start) === fetching) this.inFlight.delete(start)
    })
    this.inFlight.set(start, fetching)
    return fetching
  }

  private async readPage(start: number, generation: number): Promise<void> {
    try {
      const offset = offsetOf(this.state.list, start)
      const page = await this.ports.getRows(this.state.query, offset, PAGE_ROWS)
      if (generation !== this.generation) return
      const list = withPage(this.state.list, start, page)
      if (list === null) await this.refresh()
      else this.set({ list, failure: null })
    } catch (failure) {
      if (generation === this.generation) this.set({ failure })
    }
  }

  private nextGeneration(): number {
    this.inFlight.clear()
    this.generation += 1
    return this.generation
  }

  private takeChanged(changed: Changed, change: Change): void {
    const { rows, ...review } = changed
    const isSmall = change.edits ?? change.dropped ?? change.restored
    this.set({ review, list: withRows(this.state.list, rows), held: null })
    if (isSmall === undefined || mayHoldMore(rows)) void this.refresh()
  }

  private takeReloaded(review: Review, notice: Notice | null): void {
    this.set({ review, notice, held: null })
    void this.refresh()
  }

  private copyOutbox(): void {
    this.set({ waiting: this.outbox.waiting, outbox: this.outbox.state })
  }

  private set(change: Partial<ReviewState>): void {
    this.state = { ...this.state, ...change }
    for (const listener of this.listeners) listener()
  }
}

/** An answer lists at most 500 rows; more of them may have changed. */
function mayHoldMore(rows: readonly Row[]): boolean {
  return rows.length >= 500
}

function isNarrowed({ field, code, value }: RowsQuery): boolean {
  return field !== undefined || code !== undefined || value !== undefined
}

function listFor(review: Review, query: RowsQuery): RowList {
  const narrowed = isNarrowed(query)
  return unreadList(query.state, narrowed, narrowed ? 0 : review.counts[query.state])
}

function sameQuery(one: RowsQuery, other: RowsQuery): boolean {
  return (
    one.state === other.state &&
    one.field === other.field &&
    one.code === other.code &&
    one.value === other.value
  )
}
