import { type ReactNode, useEffect, useLayoutEffect, useRef } from 'react'
import { useLocation } from 'wouter'

import { pageData } from './pageData'

let lastPath = location.pathname
/** A heading that had the focus has gone, such as that of a page that was being read: the next one takes the focus over. */
let focusWaits = false

interface HeadingProps {
  /** For the title of the document. */
  title: string
  /** What the heading shows, if that is more than the title. */
  children?: ReactNode
}

/** The h1 of a page. It names the document, and has the focus after a navigation, so that a screen reader reads it. */
export function Heading({ title, children }: HeadingProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  const [path] = useLocation()
  useEffect(() => {
    document.title = `${title} · ${pageData.organization.name} · MarketEdge`
  }, [title])
  useEffect(() => {
    if (path === lastPath && !focusWaits) return
    lastPath = path
    focusWaits = false
    heading.current?.focus()
  }, [path])
  useLayoutEffect(() => {
    const element = heading.current
    return () => {
      focusWaits = element === document.activeElement
    }
  }, [])
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children ?? title}
    </h1>
  )
}
