import { defineConfig } from 'vite'

/** The page: static files with hashed names in `assets/`, nothing inline, so that its policy needs no exception. */
export const config = defineConfig({
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'baseline-widely-available',
  },
})

// Vite asks for a default export.
export { config as default }
