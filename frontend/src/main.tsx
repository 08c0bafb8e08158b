import { I18nProvider } from '@lingui/react'
import { QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

import { newQueryClient } from './api/queries'
import { App } from './app/App'
import { i18n, loadMessages } from './i18n/setup'
import './styles/main.css'

const root = document.getElementById('root')
if (!root) throw new Error('The document has no #root.')

await loadMessages('app')
createRoot(root).render(
  <StrictMode>
    <I18nProvider i18n={i18n}>
      <QueryClientProvider client={newQueryClient()}>
        <App />
      </QueryClientProvider>
    </I18nProvider>
  </StrictMode>,
)
