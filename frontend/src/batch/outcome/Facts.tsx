import { Trans, useLingui } from '@lingui/react'

import { language } from '../../i18n/setup'
import { Time } from '../../ui/Time'
import { By } from './By'
import type { Batch } from '../polling'

/** How the import was run: its options, what was unusual about the file, until when it can be undone. */
export function Facts({ batch }: { batch: Batch }) {
  return (
    <section className="card" aria-labelledby="batch-facts">
      <h2 id="batch-facts">
        <Trans id="batch.facts.title" message="About this import" />
      </h2>
      <dl className="facts">
        <dt>
          <Trans id="batch.facts.rows" message="Rows" />
        </dt>
        <dd className="number">
          <RowsOf batch={batch} />
        </dd>
        <By id={batch.uploaded_by} label={<Trans id="batch.facts.by" message="Imported by" />} />
        <By id={batch.edited_by} label={<Trans id="batch.facts.edited_by" message="Reviewed by" />} />
        <dt>
          <Trans id="batch.facts.options" message="Options" />
        </dt>
        <dd>
          <OptionsOf batch={batch} />
        </dd>
        {batch.edited_rows + batch.dropped_rows > 0 && (
          <>
            <dt>
              <Trans id="batch.facts.review" message="Review" />
            </dt>
            <dd>
              <ReviewOf batch={batch} />
            </dd>
          </>
        )}
        {batch.completed_at && (
          <>
            <dt>
              <Trans id="batch.facts.ended" message="Ended" />
            </dt>
            <dd>
              <Time at={batch.completed_at} />
            </dd>
          </>
        )}
        {batch.undo_until && !batch.undone_at && (
          <>
            <dt>
              <Trans id="batch.facts.undo" message="Can be undone until" />
            </dt>
            <dd>
              <Time at={batch.undo_until} isDate />
            </dd>
          </>
        )}
      </dl>
      <Warnings batch={batch} />
    </section>
  )
}

function RowsOf({ batch }: { batch: Batch }) {
  const { i18n } = useLingui()
  return i18n.number(batch.total_rows)
}

/** What people changed before the import, and who did it last. */
function ReviewOf({ batch }: { batch: Batch }) {
  const { edited_rows: edited, dropped_rows: dropped } = batch
  return (
    <>
      <Trans
        id="batch.facts.edited"
        message="{edited, plural, =0 {No row was edited} one {One row was edited} other {# rows were edited}}, {dropped, plural, =0 {none was left out} one {one was left out} other {# were left out}}"
        values={{ edited, dropped }}
      />
    </>
  )
}

function OptionsOf({ batch: { options } }: { batch: Batch }) {
  return (
    <ul className="plain-list">
      <li>
        {options.send_invitations ? (
          <Trans id="batch.option.invite" message="People are invited by e-mail" />
        ) : (
          <Trans id="batch.option.no_invite" message="Nobody is invited" />
        )}
      </li>
      <li>
        {options.skip_duplicates ? (
          <Trans id="batch.option.skip" message="Whoever is here already is skipped" />
        ) : (
          <Trans id="batch.option.fail" message="Whoever is here already counts as a mistake" />
        )}
      </li>
      <li>
        <Trans
          id="batch.option.role"
          message="Without a role in the file: {role, select, admin {administrator} analyst {analyst} other {viewer}}"
          values={{ role: options.default_role }}
        />
      </li>
    </ul>
  )
}

function Warnings({ batch }: { batch: Batch }) {
  if (batch.warnings.length === 0) return null
  return (
    <div className="section">
      <h3>
        <Trans id="batch.warnings" message="Noticed in the file" />
      </h3>
      <ul className="batch-warnings" lang={language.startsWith('en') ? undefined : 'en'}>
        {batch.warnings.map(({ code, column, message, count }) => (
          <li key={`${code} ${column}`}>
            {message} <WarningPlace column={column} count={count} />
          </li>
        ))}
      </ul>
    </div>
  )
}

/** Where it was noticed, in the page's language. */
function WarningPlace({ column, count }: { column: string | null; count: number }) {
  if (column === null || count < 2) return null
  return (
    <span className="muted" lang={language}>
      <Trans
        id="batch.warnings.place"
        message="({column}: {count, plural, one {# time} other {# times}})"
        values={{ column, count }}
      />
    </span>
  )
}
