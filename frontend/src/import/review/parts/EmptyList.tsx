/** What the grid says where a filter has no rows. */

import { Trans } from '@lingui/react'

import type { StateFilter } from '../../api/types'

export function EmptyList({ state }: { state: StateFilter }) {
  return (
    <p className="grid-empty">
      <Words state={state} />
    </p>
  )
}

function Words({ state }: { state: StateFilter }) {
  switch (state) {
    case 'invalid':
      return <Trans id="import.empty.invalid" message="No row has a mistake." />
    case 'ready':
      return <Trans id="import.empty.ready" message="No row is ready yet: mend the mistakes first." />
    case 'existing':
      return <Trans id="import.empty.existing" message="Nobody in this file is here already." />
    case 'edited':
      return <Trans id="import.empty.edited" message="No cell was changed here." />
    case 'dropped':
      return <Trans id="import.empty.dropped" message="No row is left out." />
    case 'all':
      return <Trans id="import.empty.all" message="The file has no rows." />
  }
}
