import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

import { gridStyles } from './gridStyles.mjs'
import { catalogues } from './i18n/plugin.mjs'

/** The packages of the first screen. Only later pages have a grid, lists in pages, and changes by react-query. */
const FIRST_PACKAGES = /node_modules[\\/](?!react-data-grid|.*infinite|.*mutationObserver|.*useMutation)/i

/** Django serves what is built here from /static/app/ and finds the files through manifest.json. */
export default defineConfig({
  plugins: [catalogues(), gridStyles(), react()],
  base: '/static/app/',
  publicDir: false,
  build: {
    outDir: '../users/static/app',
    emptyOutDir: true,
    manifest: 'manifest.json',
    // A data: URI would need an exception in the Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    rollupOptions: {
      input: 'src/main.tsx',
      output: {
        // One file for all packages of the first screen compresses better than several, and stays the same for longer.
        codeSplitting: {
          groups: [
            { name: 'packages', test: FIRST_PACKAGES },
            { name: 'frame', test: /src[\\/](api|i18n|app[\\/](pageData|Heading))|ui[\\/](Problem|useSeconds)/ },
          ],
        },
        chunkFileNames: ({ facadeModuleId }) => {
          const catalogue = /virtual:messages\/(.+)\/(.+)$/.exec(facadeModuleId ?? '')
          return catalogue ? `assets/messages-${catalogue[1]}-${catalogue[2]}-[hash].js` : 'assets/[name]-[hash].js'
        },
      },
    },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8000' } },
  test: { environment: 'happy-dom', include: ['src/**/*.test.{ts,tsx}', 'i18n/**/*.test.ts'] },
})
