/**
 * Vite plugin: takes rules out of the stylesheet of react-data-grid that cost time in each frame of a scroll.
 *
 * A selector such as `:nth-last-child(1 of …)` makes the browser compute the styles of all rows anew when one row comes
 * or goes. Only summary rows and groups of rows need them; the review has neither. `box-sizing: inherit` keeps it from
 * sharing the style of one cell with the next; styles/base.css sets `box-sizing` for everything.
 */
const STYLES = /[\\/]react-data-grid[\\/]lib[\\/]styles\.css$/
const COSTLY = [
  / {4}& > :nth-(last-)?child\(1 of \.rdg-\w+-summary-row\) \{\s*[^{}]*\{[^{}]*\}\s*\}/g,
  / {4}& > [^{}]*:nth-last-child\(n\+2 of [^{}]*\{[^{}]*\}/g,
  / {4}& \*, & :before, & :after \{[^{}]*\}/g,
]

/** @returns {import('vite').Plugin} */
export function gridStyles() {
  return {
    name: 'grid-styles',
    enforce: 'pre',
    transform(code, id) {
      if (!STYLES.test(id)) return null
      return COSTLY.reduce((left, costly) => {
        const without = left.replaceAll(costly, '')
        // Another version of the package writes them differently: somebody has to look.
        if (without === left) throw new Error(`${id} has no rule like ${costly.source}`)
        return without
      }, code)
    },
  }
}
