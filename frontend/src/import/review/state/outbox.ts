/**
 * The changes that wait for the server's answer: sent one after another, kept until answered.
 *
 * A change is stored in the browser before it is sent, so that neither a reload nor a lost connection
 * nor the end of a session loses what somebody typed. The server counts revisions. Where somebody else
 * changed the upload meanwhile, the new state is fetched and the waiting changes are sent again on it.
 */

import type { Problem } from '../../../api/problem'
import type { Change, Changed, Edit, Person, Review } from '../../api/types'

export type OutboxState = 'saved' | 'saving' | 'offline' | 'signed_out' | 'held' | 'gone'

/** What became of one request. */
export type Answer =
  | { kind: 'changed'; review: Changed }
  | { kind: 'stale'; revision: number; editedBy: Person | null }
  | { kind: 'refused'; code: string; detail: string }
  | { kind: 'unreachable' }
  | { kind: 'signed_out' }
  /** Refused whatever the change is: a role that was taken away, a halt, an error of the server. */
  | { kind: 'held'; problem: Problem }
  | { kind: 'gone'; batchId: string | null }

export interface Waiting {
  id: number
  change: Change
}

export interface OutboxPorts {
  send: (revision: number, change: Change) => Promise<Answer>
  /** The present state of the upload, after somebody else changed it; null: not to be had now. */
  reload: () => Promise<Review | null>
  load: () => Waiting[]
  store: (waiting: readonly Waiting[]) => void
  /** Whether this is the person who looks at the page. */
  isMe: (person: Person) => boolean
  /** Calls back after so many milliseconds. */
  later: (run: () => void, ms: number) => void
}

export interface OutboxEvents {
  onChanged: (review: Changed, change: Change) => void
  /** `isEcho`: what changed is most likely what this window sent itself, when the answer was lost. */
  onReloaded: (review: Review, editedBy: Person | null, isEcho: boolean) => void
  onRefused: (detail: string, code: string, change: Change) => void
  /** Why nothing is taken for now. */
  onHeld: (problem: Problem) => void
  onGone: (batchId: string | null) => void
  onState: () => void
}

const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 30_000

export class Outbox {
  state: OutboxState = 'saved'
  waiting: readonly Waiting[]
  private revision: number
  private sending = false
  private isAnswerLost = false
  private pauseMs = FIRST_PAUSE_MS
  private lastId: number

  constructor(
    revision: number,
    private readonly ports: OutboxPorts,
    private readonly events: OutboxEvents,
  ) {
    this.revision = revision
    this.waiting = ports.load()
    this.lastId = this.waiting.reduce((last, { id }) => Math.max(last, id), 0)
    if (this.waiting.length > 0) {
      this.state = 'saving'
      this.isAnswerLost = true // the answer may have come after the page had gone
    }
  }

  /** Takes a change and sends it as soon as those before it are answered. */
  add(change: Change): void {
    this.lastId += 1
    this.keep([...this.waiting, { id: this.lastId, change }])
    if (this.state === 'saved') this.setState('saving')
    this.run()
  }

  /** Tries again at once: the connection is back, or somebody signed in again. */
  retry(): void {
    this.pauseMs = FIRST_PAUSE_MS
    this.run()
  }

  /** The revision that the server has told last. */
  get lastRevision(): number {
    return this.revision
  }

  /** Takes note of a revision that was read by another call. */
  seen(revision: number): void {
    if (!this.sending && revision > this.revision) this.revision = revision
  }

  private run(): void {
    if (this.sending || this.state === 'gone') return
    void this.sendAll()
  }

  private async sendAll(): Promise<void> {
    this.sending = true
    let goesOn = true
    while (goesOn) {
      const [first] = this.waiting
      if (first === undefined) break
      this.setState(this.state === 'offline' ? 'offline' : 'saving')
      goesOn = await this.deal(first, await this.ports.send(this.revision, first.change))
    }
    this.sending = false
    if (this.waiting.length === 0 && this.state !== 'gone') this.setState('saved')
  }

  /** Acts on an answer; says whether to send the next change now. */
  private async deal(sent: Waiting, answer: Answer): Promise<boolean> {
    const wasLost = this.isAnswerLost
    this.isAnswerLost = answer.kind === 'unreachable'
    switch (answer.kind) {
      case 'changed':
        this.done(sent)
        this.revision = answer.review.revision
        this.events.onChanged(answer.review, sent.change)
        return true
      case 'refused':
        this.done(sent)
        this.events.onRefused(answer.detail, answer.code, sent.change)
        return true
      case 'stale':
        return this.takeUp(answer.editedBy, wasLost)
      case 'unreachable':
        this.pause('offline', this.pauseMs)
        this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS)
        return false
      case 'held':
        this.hold(answer.problem)
        return false
      case 'signed_out':
        this.setState('signed_out')
        return false
      case 'gone':
        this.keep([])
        this.setState('gone')
        this.events.onGone(answer.batchId)
        return false
    }
  }

  /** Keeps what waits. A missing role comes back by no pause: then somebody has to try again. */
  private hold(problem: Problem): void {
    this.events.onHeld(problem)
    if (!problem.isTemporary) return this.setState('held')
    const seconds = problem.retryAfterSeconds
    this.pause('held', seconds === null ? this.pauseMs : seconds * 1000)
    this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS)
  }

  /** Fetches what somebody else made of the upload. An undo is dropped: it meant another state. */
  private async takeUp(editedBy: Person | null, wasLost: boolean): Promise<boolean> {
    const review = await this.ports.reload()
    if (review === null) {
      this.pause('offline', this.pauseMs)
      return false
    }
    this.revision = review.revision
    this.keep(this.waiting.filter(({ change }) => change.undo !== true))
    this.events.onReloaded(review, editedBy, wasLost && editedBy !== null && this.ports.isMe(editedBy))
    return true
  }

  private done(sent: Waiting): void {
    this.pauseMs = FIRST_PAUSE_MS
    if (this.state === 'offline') this.state = 'saving'
    this.keep(this.waiting.filter(({ id }) => id !== sent.id))
  }

  private pause(state: OutboxState, ms: number): void {
    this.setState(state)
    this.ports.later(() => this.run(), ms)
  }

  private keep(waiting: readonly Waiting[]): void {
    this.waiting = waiting
    this.ports.store(waiting)
    this.events.onState()
  }

  private setState(state: OutboxState): void {
    if (state === this.state) return
    this.state = state
    this.events.onState()
  }
}

/** The cells that wait to be saved, by `row field`. A later change of a cell counts. */
export function pendingCells(waiting: readonly Waiting[]): Map<string, Edit> {
  const cells = new Map<string, Edit>()
  for (const { change } of waiting)
    for (const edit of change.edits ?? []) cells.set(cellKey(edit.row, edit.field), edit)
  return cells
}

export function cellKey(row: number, field: string): string {
  return `${row} ${field}`
}
