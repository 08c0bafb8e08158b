import { Trans, useLingui } from '@lingui/react'
import { useState } from 'react'

import { Dialog } from '../../ui/Dialog'
import { ProblemMessage } from '../../ui/ProblemMessage'
import type { Batch } from '../polling'
import { UndoResult } from './UndoResult'
import { type Undone, useUndo } from './useUndo'

/** Asks before an import is undone, says what that does, and then what it did. */
export function UndoDialog({ batch, onClose }: { batch: Batch; onClose: () => void }) {
  const [progress, setProgress] = useState<Undone | null>(null)
  const undo = useUndo(batch.id, setProgress)
  if (undo.data)
    return (
      <Dialog title={<Trans id="batch.undo.done" message="The import is undone" />} onClose={onClose}>
        <UndoResult undone={undo.data} />
        <div className="dialog-actions">
          <button type="button" className="primary-button" autoFocus onClick={onClose}>
            <Trans id="batch.undo.close" message="Close" />
          </button>
        </div>
      </Dialog>
    )
  return (
    <Dialog title={<Trans id="batch.undo.title" message="Undo this import?" />} onClose={onClose}>
      <UndoText batch={batch} />
      {undo.isPending && progress && <UndoProgress batch={batch} undone={progress} />}
      <ProblemMessage problem={undo.error} onRetry={() => undo.mutate()} />
      <div className="dialog-actions">
        <button type="button" onClick={onClose}>
          <Trans id="batch.undo.keep" message="Keep everybody" />
        </button>
        <button type="button" className="danger-button" disabled={undo.isPending} onClick={() => undo.mutate()}>
          <Trans
            id="batch.undo.confirm"
            message="{count, plural, one {Remove one person} other {Remove # people}}"
            values={{ count: batch.successful_rows }}
          />
        </button>
      </div>
    </Dialog>
  )
}

function UndoText({ batch }: { batch: Batch }) {
  return (
    <>
      <p>
        <Trans
          id="batch.undo.removes"
          message="{count, plural, one {The person whom this import added is removed, and an open invitation is revoked.} other {The # people whom this import added are removed, and their open invitations are revoked.}}"
          values={{ count: batch.successful_rows }}
        />
      </p>
      <p>
        <Trans
          id="batch.undo.keeps"
          message="Kept are those who have logged in, have accepted their invitation, or were changed since. You see afterwards who they are."
        />
      </p>
      <Accepted batch={batch} />
      <p className="muted">
        <Trans id="batch.undo.final" message="This can't be taken back. You can import the file again." />
      </p>
    </>
  )
}

function Accepted({ batch: { invitations } }: { batch: Batch }) {
  if (!invitations?.accepted) return null
  return (
    <p>
      <Trans
        id="batch.undo.accepted"
        message="{count, plural, one {One person has accepted already and stays.} other {# people have accepted already and stay.}}"
        values={{ count: invitations.accepted }}
      />
    </p>
  )
}

function UndoProgress({ batch, undone }: { batch: Batch; undone: Undone }) {
  const { i18n } = useLingui()
  return (
    <progress
      max={batch.successful_rows}
      value={undone.removed_rows}
      aria-label={i18n._({ id: 'batch.undo.progress', message: 'People removed' })}
    />
  )
}
