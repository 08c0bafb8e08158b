/** What is checked of a file before it is sent: its type and its size. The server checks again. */

export const ACCEPTED = '.csv,.txt,.tsv,.xlsx,text/csv,text/tab-separated-values'

const ENDINGS = ['csv', 'txt', 'tsv', 'xlsx']
const OLD_WORKBOOKS = ['xls', 'xlsm', 'xlsb', 'ods', 'numbers']

export type FileFault =
  | { code: 'several'; count: number }
  | { code: 'empty' }
  | { code: 'workbook'; ending: string }
  | { code: 'ending'; ending: string }
  | { code: 'size'; sizeBytes: number; maxBytes: number }

/** The last part of a name, in lower case, or "" where it has none. */
export function endingOf(filename: string): string {
  const dot = filename.lastIndexOf('.')
  return dot < 1 ? '' : filename.slice(dot + 1).toLowerCase()
}

/** What is wrong with the chosen files, or null. Takes exactly one file of a known type. */
export function faultOf(files: readonly File[], maxBytes: number): FileFault | null {
  const [file] = files
  if (file === undefined || files.length > 1) return { code: 'several', count: files.length }
  const ending = endingOf(file.name)
  if (OLD_WORKBOOKS.includes(ending)) return { code: 'workbook', ending }
  if (ending !== '' && !ENDINGS.includes(ending)) return { code: 'ending', ending }
  if (file.size === 0) return { code: 'empty' }
  if (file.size > maxBytes) return { code: 'size', sizeBytes: file.size, maxBytes }
  return null
}
