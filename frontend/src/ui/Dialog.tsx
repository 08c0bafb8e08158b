import { type ReactNode, useLayoutEffect, useId, useRef } from 'react'

interface DialogProps {
  title: ReactNode
  onClose: () => void
  children: ReactNode
}

/**
 * A modal dialog, for as long as it is rendered. The browser keeps the focus in it, closes it with Escape, and gives the
 * focus back to what had it before.
 */
export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  useLayoutEffect(() => {
    const element = dialog.current
    // Closed before it leaves the document: only then does the browser give the focus back.
    if (!element?.open) element?.showModal()
    return () => element?.close()
  }, [])
  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
    >
      <h2 id={titleId}>{title}</h2>
      {children}
    </dialog>
  )
}
