/** The counts of the review, which are its filters: each is a link, and the URL holds the choice. */

import { Trans, useLingui } from '@lingui/react'
import { Link } from 'wouter'

import type { Counts, StateFilter } from '../../api/types'
import { stateName } from '../words'

const STATES: readonly StateFilter[] = ['all', 'ready', 'invalid', 'existing', 'edited', 'dropped']

interface CountTabsProps {
  counts: Counts
  chosen: StateFilter
  hrefOf: (state: StateFilter) => string
}

export function CountTabs({ counts, chosen, hrefOf }: CountTabsProps) {
  const { i18n } = useLingui()
  return (
    <nav className="count-tabs" aria-label={i18n._({ id: 'import.counts.label', message: 'Rows to show' })}>
      {STATES.map((state) => (
        <Link
          key={state}
          href={hrefOf(state)}
          className={`count-tab count-${state}`}
          aria-current={state === chosen ? 'true' : undefined}
        >
          <strong>{i18n.number(counts[state])}</strong> <span>{stateName(i18n, state)}</span>
        </Link>
      ))}
      <span className="visually-hidden" aria-live="polite">
        <Trans
          id="import.counts.spoken"
          message="{invalid, plural, one {# row has a mistake} other {# rows have mistakes}}"
          values={{ invalid: counts.invalid }}
        />
      </span>
    </nav>
  )
}
