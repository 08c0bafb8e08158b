/// <reference types="vite/client" />

declare module 'virtual:messages' {
  import type { Messages } from '@lingui/core'

  /** The messages whose ids begin with the part's name. */
  export function load(language: string, part: string): Promise<{ messages: Messages }>
}
