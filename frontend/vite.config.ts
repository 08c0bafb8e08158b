import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

import { catalogues } from './i18n/plugin.mjs'

/** Django serves what is built here from /static/app/ and finds the files through manifest.json. */
export default defineConfig({
  plugins: [catalogues(), react()],
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
