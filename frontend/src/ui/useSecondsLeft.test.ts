// @vitest-environment node
import { expect, test } from 'vitest'

import { clock } from './useSecondsLeft'

test.each([
  [9, '0:09'],
  [750, '12:30'],
  [3900, '1:05:00'],
])('%i seconds are shown as %s', (seconds, words) => {
  expect(clock(seconds)).toBe(words)
})
