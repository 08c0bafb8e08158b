/** What the server tells the page in its document, so that the first screen needs no request. */
export interface PageData {
  organization: { id: string; name: string }
  user: { email: string; role: 'admin' | 'super_admin' | 'analyst' | 'viewer' }
  limits: { max_file_bytes: number; max_rows: number }
  /** The URL of the admin; null for people who may not open it. */
  admin_url: string | null
  /** The language of the document, such as `de`. */
  language: string
}

function read(): PageData {
  const text = document.getElementById('page-data')?.textContent
  if (!text) throw new Error('The document has no page-data.')
  return JSON.parse(text) as PageData
}

export const pageData: PageData = read()
export const organizationId = pageData.organization.id
