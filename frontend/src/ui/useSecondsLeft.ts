import { useEffect, useState } from 'react'

/**
 * Counts down from a number of seconds that an error named.
 *
 * @param seconds - null: there is nothing to wait for.
 * @param since - Starts again when this changes, such as another error with the same number.
 */
export function useSecondsLeft(seconds: number | null, since: unknown): number {
  const [left, setLeft] = useState(seconds ?? 0)
  useEffect(() => {
    // By the clock, because a timer of a hidden tab is late.
    const end = Date.now() + (seconds ?? 0) * 1000
    const show = () => setLeft(Math.max(0, Math.ceil((end - Date.now()) / 1000)))
    show()
    const timer = setInterval(show, 1000)
    return () => clearInterval(timer)
  }, [seconds, since])
  return left
}

/** Seconds as a clock shows them: 0:09, 12:30, 1:05:00. */
export function clock(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const two = (number: number) => String(number).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}
