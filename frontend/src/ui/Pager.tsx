import { Trans, useLingui } from '@lingui/react'

interface PagerProps {
  /** The first page is 1. */
  page: number
  pageSize: number
  /** Of all pages together. */
  count: number
  onPage: (page: number) => void
}

/** Which part of a list is shown, with the way to the others. */
export function Pager({ page, pageSize, count, onPage }: PagerProps) {
  const { i18n } = useLingui()
  const first = (page - 1) * pageSize + 1
  const last = Math.min(count, page * pageSize)
  return (
    <nav className="pager" aria-label={i18n._({ id: 'app.pager.label', message: 'Pages' })}>
      <span role="status">
        <Trans id="app.pager.range" message="{first, number}–{last, number} of {count, number}" values={{ first, last, count }} />
      </span>
      {count > pageSize && (
        <div className="actions">
          <button type="button" disabled={page <= 1} onClick={() => onPage(page - 1)}>
            <Trans id="app.pager.previous" message="Previous" />
          </button>
          <button type="button" disabled={last >= count} onClick={() => onPage(page + 1)}>
            <Trans id="app.pager.next" message="Next" />
          </button>
        </div>
      )}
    </nav>
  )
}
