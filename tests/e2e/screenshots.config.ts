/* `npm run screenshots`: the pictures of the documents. No test: `npm test` does not know them. */
import { defineConfig } from '@playwright/test';
import tests from './playwright.config.ts';

// style: Playwright reads the default export of this file and knows no other way.
export default defineConfig(tests, {
    testMatch: 'screenshots.ts',
    timeout: 30 * 60_000,
});
