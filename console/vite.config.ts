/* How the console is built: hashed assets, no inlined ones (the CSP knows 'self' alone), pages
   split into chunks that load when they are opened. */
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** The first paint waits for the script, so that a chosen theme never flashes the other ground. */
function blockRender(): Plugin {
    return {
        name: 'kith-block-render',
        transformIndexHtml: {
            order: 'post',
            handler: (html) =>
                html.replace('<script type="module"', '<script type="module" blocking="render"'),
        },
    };
}

// style: Vite and Vitest read the default export of this file and know no other way.
export default defineConfig({
    base: '/',
    plugins: [blockRender()],
    build: {
        target: 'es2022',
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        reportCompressedSize: false,
    },
    test: { include: ['src/**/*.test.ts', 'dev/**/*.test.mjs'], environment: 'node' },
});
