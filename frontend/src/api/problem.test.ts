// @vitest-environment node
import { expect, test } from 'vitest'

import { connectionLost, problemOf } from './problem'

const answer = (status: number, body: string, headers: Record<string, string> = {}) => new Response(body, { status, headers })

test('a problem document is read with its sentence, its code and its other members', async () => {
  const body = JSON.stringify({ status: 409, code: 'upload_changed', detail: 'Changed.', revision: 7 })
  const problem = await problemOf(answer(409, body))
  expect(problem).toMatchObject({ status: 409, code: 'upload_changed', detail: 'Changed.', isTemporary: false })
  expect(problem.members.revision).toBe(7)
})

test('an answer of a proxy, which is no problem document, still has a code', async () => {
  expect(await problemOf(answer(502, '<html>Bad gateway</html>'))).toMatchObject({ code: 'http_502', detail: '', isTemporary: true })
})

test('the time to wait is read as seconds and as a date', async () => {
  const later = new Date(Date.now() + 60_000).toUTCString()
  expect((await problemOf(answer(429, '{}', { 'Retry-After': '17' }))).retryAfterSeconds).toBe(17)
  expect((await problemOf(answer(503, '{}', { 'Retry-After': later }))).retryAfterSeconds).toBeGreaterThan(50)
  expect((await problemOf(answer(503, '{}', { 'Retry-After': 'soon' }))).retryAfterSeconds).toBeNull()
})

test('a lost connection is temporary', () => {
  expect(connectionLost()).toMatchObject({ status: 0, code: 'connection_lost', isTemporary: true })
})
