import { Fragment } from 'react'

/** An e-mail address. Where it is too long for its line, it is broken before the @ or a dot. */
export function Email({ address }: { address: string }) {
  return (
    <bdi className="email">
      {address.split(/(?=[@.])/).map((part, at) => (
        <Fragment key={at}>
          {at > 0 && <wbr />}
          {part}
        </Fragment>
      ))}
    </bdi>
  )
}
