/** Cells that were copied in a spreadsheet: text with tabs between cells, line ends between rows. */

/**
 * The cells of copied text, row by row.
 *
 * Spreadsheets quote a cell that holds a tab, a line end or a quotation mark, and double the marks in
 * it. A quotation mark inside a cell that does not begin with one is an ordinary character.
 */
export function cellsOf(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  let at = 0
  while (at <= text.length) {
    const [cell, next] = cellAt(text, at)
    row.push(cell)
    const end = text[next]
    at = next + 1
    if (end === '\t') continue
    if (end === '\r' && text[at] === '\n') at += 1
    rows.push(row)
    row = []
    if (end === undefined || at === text.length) break
  }
  return rows
}

function cellAt(text: string, start: number): [string, number] {
  const quoted = text[start] === '"' ? quotedCellAt(text, start) : null
  if (quoted !== null) return quoted
  let end = start
  while (end < text.length && !'\t\r\n'.includes(text[end] as string)) end += 1
  return [text.slice(start, end), end]
}

/** The cell whose quotation marks close right before a tab, a line end or the end; otherwise null. */
function quotedCellAt(text: string, start: number): [string, number] | null {
  let cell = ''
  let at = start + 1
  while (at < text.length) {
    const close = text.indexOf('"', at)
    if (close === -1) return null
    cell += text.slice(at, close)
    if (text[close + 1] !== '"') {
      const ends = close + 1 === text.length || '\t\r\n'.includes(text[close + 1] as string)
      return ends ? [cell, close + 1] : null
    }
    cell += '"'
    at = close + 2
  }
  return null
}

/** Whether copied text looks like a table: at least two rows, and two cells in the first. */
export function looksLikeTable(text: string): boolean {
  const rows = cellsOf(text)
  return rows.length > 1 && (rows[0]?.length ?? 0) > 1
}

/** A CSV file of copied cells; every cell is quoted, so that none is read as two. */
export function fileOfCells(rows: readonly (readonly string[])[], filename: string): File {
  const lines = rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','))
  return new File([`${lines.join('\r\n')}\r\n`], filename, { type: 'text/csv' })
}
