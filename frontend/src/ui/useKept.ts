import { useState } from 'react'

import { pageData } from '../app/pageData'

/**
 * State that outlives a reload and a login, until it is forgotten: for what a person types and has not saved yet. It is kept
 * in this tab only, and shown to nobody else who logs in there.
 */
export function useKept<Value>(name: string, initial: Value): [Value, (value: Value) => void] {
  const key = keyOf(name)
  const [value, setValue] = useState<Value>(() => {
    const kept = sessionStorage.getItem(key)
    return kept === null ? initial : (JSON.parse(kept) as Value)
  })
  const keep = (next: Value) => {
    setValue(next)
    sessionStorage.setItem(key, JSON.stringify(next))
  }
  return [value, keep]
}

/** Forgets what is kept under a name: it was saved, or is not wanted. */
export function forgetKept(name: string): void {
  sessionStorage.removeItem(keyOf(name))
}

function keyOf(name: string): string {
  return `${pageData.user.email} ${name}`
}
