import { beforeEach, describe, expect, it, vi } from 'vitest'

import { Problem } from '../../../api/problem'
import type { Change, Changed, Person, Review } from '../../api/types'
import { type Answer, Outbox, pendingCells, type Waiting } from './outbox'

const edit = (value: string): Change => ({ edits: [{ row: 2, field: 'role', value }] })
const changed = (revision: number): Answer => ({
  kind: 'changed',
  review: { revision, rows: [] } as unknown as Changed,
})

/** A server of which each test says what it answers, and a browser's storage. */
function setUp(stored: Waiting[] = []) {
  const sent: { revision: number; change: Change }[] = []
  const answers: ((answer: Answer) => void)[] = []
  const later: { run: () => void; ms: number }[] = []
  const storage = { waiting: stored as readonly Waiting[] }
  const events = { onChanged: vi.fn(), onReloaded: vi.fn(), onRefused: vi.fn(), onHeld: vi.fn(), onGone: vi.fn(), onState: vi.fn() }
  const ports = {
    send: (revision: number, change: Change) => {
      sent.push({ revision, change })
      return new Promise<Answer>((resolve) => answers.push(resolve))
    },
    reload: vi.fn(() => Promise.resolve({ revision: 7 } as Review | null)),
    load: () => [...storage.waiting],
    store: (waiting: readonly Waiting[]) => {
      storage.waiting = waiting
    },
    isMe: ({ id }: Person) => id === '1',
    later: (run: () => void, ms: number) => void later.push({ run, ms }),
  }
  const outbox = new Outbox(1, ports, events)
  const answer = async (value: Answer) => {
    answers.shift()?.(value)
    await new Promise((resolve) => setTimeout(resolve))
  }
  return { outbox, sent, answer, later, storage, events, ports }
}

describe('changes that wait for the server', () => {
  let all: ReturnType<typeof setUp>
  beforeEach(() => {
    all = setUp()
  })

  it('are sent one after another, each on the revision that the last answer told', async () => {
    all.outbox.add(edit('a'))
    all.outbox.add(edit('b'))
    expect(all.sent).toHaveLength(1)
    expect(all.outbox.state).toBe('saving')
    await all.answer(changed(2))
    expect(all.sent[1]).toEqual({ revision: 2, change: edit('b') })
    await all.answer(changed(3))
    expect(all.outbox.state).toBe('saved')
    expect(all.outbox.lastRevision).toBe(3)
  })

  it('stay in the storage of the browser until they are answered', async () => {
    all.outbox.add(edit('a'))
    expect(all.storage.waiting.map(({ change }) => change)).toEqual([edit('a')])
    await all.answer(changed(2))
    expect(all.storage.waiting).toEqual([])
  })

  it('are kept while there is no connection, and tried again after longer and longer pauses', async () => {
    all.outbox.add(edit('a'))
    await all.answer({ kind: 'unreachable' })
    expect(all.outbox.state).toBe('offline')
    expect(all.later.map(({ ms }) => ms)).toEqual([1000])
    all.later[0]?.run()
    await all.answer({ kind: 'unreachable' })
    expect(all.later.map(({ ms }) => ms)).toEqual([1000, 2000])
    all.later[1]?.run()
    await all.answer(changed(2))
    expect(all.outbox.state).toBe('saved')
  })

  it('are sent after a reload that came before the answer', async () => {
    const again = setUp([{ id: 4, change: edit('a') }])
    again.outbox.retry()
    expect(again.sent).toEqual([{ revision: 1, change: edit('a') }])
    again.outbox.add(edit('b'))
    expect(again.storage.waiting.map(({ id }) => id)).toEqual([4, 5])
  })

  it('wait for a new session after a 401, and nothing is lost', async () => {
    all.outbox.add(edit('a'))
    await all.answer({ kind: 'signed_out' })
    expect(all.outbox.state).toBe('signed_out')
    expect(all.storage.waiting).toHaveLength(1)
    all.outbox.retry()
    await all.answer(changed(2))
    expect(all.outbox.state).toBe('saved')
  })

  it('are put on top of what somebody else changed, and the reader is told who it was', async () => {
    all.outbox.add(edit('a'))
    await all.answer({ kind: 'stale', revision: 7, editedBy: { id: '2', email: 'zoe@acme.example' } })
    expect(all.events.onReloaded).toHaveBeenCalledWith({ revision: 7 }, { id: '2', email: 'zoe@acme.example' }, false)
    expect(all.sent[1]).toEqual({ revision: 7, change: edit('a') })
  })

  it('hold no undo after somebody else changed the upload, because it meant another state', async () => {
    all.outbox.add({ undo: true })
    all.outbox.add(edit('b'))
    await all.answer({ kind: 'stale', revision: 7, editedBy: null })
    expect(all.sent.map(({ change }) => change)).toEqual([{ undo: true }, edit('b')])
  })

  it('are kept where the present state is not to be had', async () => {
    all.ports.reload.mockResolvedValueOnce(null)
    all.outbox.add(edit('a'))
    await all.answer({ kind: 'stale', revision: 7, editedBy: null })
    expect(all.outbox.state).toBe('offline')
    expect(all.storage.waiting).toHaveLength(1)
  })

  it('go on after one that the server refuses, which is told and dropped', async () => {
    all.outbox.add(edit('a'))
    all.outbox.add(edit('b'))
    await all.answer({ kind: 'refused', code: 'invalid', detail: 'There is no row 9.' })
    expect(all.events.onRefused).toHaveBeenCalledWith('There is no row 9.', 'invalid', edit('a'))
    expect(all.sent[1]?.change).toEqual(edit('b'))
  })

  it('wait as long as the server asks for', async () => {
    const problem = new Problem({ status: 503, code: 'imports_halted' }, 12)
    all.outbox.add(edit('a'))
    await all.answer({ kind: 'held', problem })
    expect(all.later.map(({ ms }) => ms)).toEqual([12_000])
    expect(all.outbox.state).toBe('held')
    expect(all.events.onHeld).toHaveBeenCalledWith(problem)
  })

  it('are kept after the role was taken away, and sent again only when somebody wants it', async () => {
    all.outbox.add(edit('a'))
    await all.answer({ kind: 'held', problem: new Problem({ status: 403, code: 'forbidden' }) })
    expect(all.later).toEqual([])
    expect(all.storage.waiting).toHaveLength(1)
    all.outbox.retry()
    await all.answer(changed(2))
    expect(all.outbox.state).toBe('saved')
  })

  it.each([
    ['1', true],
    ['2', false],
  ])('say whether what changed is most likely their own doing (by %s: %s)', async (id, isEcho) => {
    const person = { id, email: 'ida@acme.example' }
    all.outbox.add(edit('a'))
    await all.answer({ kind: 'unreachable' })
    all.later[0]?.run()
    await all.answer({ kind: 'stale', revision: 7, editedBy: person })
    expect(all.events.onReloaded).toHaveBeenCalledWith({ revision: 7 }, person, isEcho)
  })

  it('end with the upload', async () => {
    all.outbox.add(edit('a'))
    await all.answer({ kind: 'gone', batchId: null })
    all.outbox.add(edit('b'))
    expect(all.outbox.state).toBe('gone')
    expect(all.sent).toHaveLength(1)
  })

  it('show the last value that was typed into a cell', () => {
    const cells = pendingCells([
      { id: 1, change: edit('a') },
      { id: 2, change: edit('b') },
    ])
    expect([...cells.values()]).toEqual([{ row: 2, field: 'role', value: 'b' }])
  })
})
