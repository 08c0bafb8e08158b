import { useLingui } from '@lingui/react'

interface TimeProps {
  /** ISO 8601. */
  at: string
  /** Whether to leave the time of day out. */
  isDate?: boolean
}

/** A date and time as the reader writes them, in their time zone. */
export function Time({ at, isDate = false }: TimeProps) {
  const { i18n } = useLingui()
  const date = new Date(at)
  const short = i18n.date(date, isDate ? { dateStyle: 'medium' } : { dateStyle: 'medium', timeStyle: 'short' })
  return (
    <time dateTime={at} title={i18n.date(date, { dateStyle: 'full', timeStyle: 'long' })}>
      {short}
    </time>
  )
}
