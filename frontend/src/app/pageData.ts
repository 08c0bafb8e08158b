/** What the server tells the page in its document, so that the first screen needs no request. */
export interface PageData {
  organization: { id: string; name: string }
  /** `manages_users`: whether the person may import and change people. */
  user: { email: string; role: 'admin' | 'super_admin' | 'analyst' | 'viewer'; manages_users: boolean }
  limits: { max_file_bytes: number; max_rows: number }
  /** The language of the document, such as `de`. */
  language: string
  languages: string[]
  /** The name of the cookie that holds the choice of a language. */
  language_cookie: string
  account_url: string
  /** null for people who may not open the admin. */
  admin_url: string | null
  docs_url: string
  login_url: string
  logout_url: string
}

function read(): PageData {
  const text = document.getElementById('page-data')?.textContent
  if (!text) throw new Error('The document has no page-data.')
  return JSON.parse(text) as PageData
}

export const pageData: PageData = read()
export const organizationId = pageData.organization.id
