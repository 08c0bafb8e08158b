// @vitest-environment node
import { expect, test } from 'vitest'

import { connectionLost, Problem } from '../api/problem'
import { type Batch, Polling } from './polling'

const signal = new AbortController().signal
const batch = (values: Partial<Batch>) => ({ status: 'processing', invitations: null, ...values }) as Batch

test('an unchanged answer gives the batch of before, and its ETag is sent again', async () => {
  const sent: (string | null)[] = []
  const answers = [{ batch: batch({ processed_rows: 7 }), etag: '"1"' }, { batch: null, etag: '"1"' }]
  const polling = new Polling((etag) => {
    sent.push(etag)
    return Promise.resolve(answers.shift()!)
  })
  await polling.poll(signal)
  expect((await polling.poll(signal)).processed_rows).toBe(7)
  expect(sent).toEqual([null, '"1"'])
})

test('a running import is polled every two seconds, a finished one no more', async () => {
  const answers = [batch({}), batch({ status: 'completed' })]
  const polling = new Polling(() => Promise.resolve({ batch: answers.shift()!, etag: null }))
  await polling.poll(signal)
  expect(polling.nextMilliseconds(null)).toBe(2000)
  await polling.poll(signal)
  expect(polling.nextMilliseconds(null)).toBe(false)
})

test('a finished import is polled while invitations wait', async () => {
  const invitations = { pending: 3 } as Batch['invitations']
  const polling = new Polling(() => Promise.resolve({ batch: batch({ status: 'completed', invitations }), etag: null }))
  await polling.poll(signal)
  expect(polling.nextMilliseconds(null)).toBe(10_000)
})

test('after each lost connection the next poll comes later, and after an answer at once', async () => {
  let isLost = true
  const polling = new Polling(() => (isLost ? Promise.reject(connectionLost()) : Promise.resolve({ batch: batch({}), etag: null })))
  const waits: (number | false)[] = []
  for (let count = 0; count < 6; count += 1) {
    await polling.poll(signal).catch((error: unknown) => waits.push(polling.nextMilliseconds(error)))
  }
  expect(waits).toEqual([4000, 8000, 16_000, 30_000, 30_000, 30_000])
  isLost = false
  await polling.poll(signal)
  expect(polling.nextMilliseconds(null)).toBe(2000)
})

test('a server that names a time is not asked before', async () => {
  const polling = new Polling(() => Promise.reject(new Problem({ status: 503, code: 'database_unavailable' }, 60)))
  const error: unknown = await polling.poll(signal).catch((each: unknown) => each)
  expect(polling.nextMilliseconds(error)).toBe(60_000)
})

test('a refusal ends the polling', async () => {
  const polling = new Polling(() => Promise.reject(new Problem({ status: 404, code: 'not_found' })))
  const error: unknown = await polling.poll(signal).catch((each: unknown) => each)
  expect(polling.nextMilliseconds(error)).toBe(false)
})
