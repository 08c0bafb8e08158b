import { Trans } from '@lingui/react'
import { useQuery } from '@tanstack/react-query'

import { keys } from '../../api/queryKeys'
import { Dialog } from '../../ui/Dialog'
import { ProblemMessage } from '../../ui/ProblemMessage'
import { forgetKept } from '../../ui/useKept'
import { PersonState } from '../PersonState'
import { readPerson } from '../usePeople'
import { nameOf } from '../words'
import { PersonAccess } from './PersonAccess'
import { keptName, PersonForm } from './PersonForm'

interface PersonDialogProps {
  personId: string
  onClose: () => void
  /** What was done, in words. */
  onSaid: (words: string) => void
}

/** One person: what they are and may do, and whether they can log in. */
export function PersonDialog({ personId, onClose, onSaid }: PersonDialogProps) {
  const { data, error, refetch } = useQuery({
    queryKey: keys.person(personId),
    queryFn: ({ signal }) => readPerson(personId, signal),
    // A form that is being filled in must not change by itself.
    staleTime: Infinity,
    gcTime: 0,
  })
  const close = () => {
    forgetKept(keptName(personId))
    onClose()
  }
  if (!data)
    return (
      <Dialog title={<Trans id="people.person.title" message="Person" />} onClose={close}>
        <ProblemMessage problem={error} onRetry={() => void refetch()} />
        <div className="dialog-actions">
          <button type="button" onClick={close}>
            <Trans id="people.person.close" message="Close" />
          </button>
        </div>
      </Dialog>
    )
  return (
    <Dialog title={<bdi>{nameOf(data.person)}</bdi>} onClose={close}>
      <p className="person-line">
        <bdi className="person-email">{data.person.email}</bdi>
        <PersonState person={data.person} />
      </p>
      <PersonForm version={data} onClose={close} onSaid={onSaid} onRead={async () => (await refetch()).data} />
      <PersonAccess person={data.person} onDone={close} onSaid={onSaid} />
    </Dialog>
  )
}
