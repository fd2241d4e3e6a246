/* Debian's Chromium, one worker: a node and a browser are enough for a small machine at a time. */
import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const chromium = process.env['KITH_CHROMIUM'] ?? candidates.find((path) => existsSync(path));
if (chromium === undefined) {
    throw new Error('no Chromium: apt install chromium, or set KITH_CHROMIUM');
}

// style: Playwright reads the default export of this file and knows no other way.
export default defineConfig({
    testDir: '.',
    testMatch: '*.spec.ts',
    outputDir: 'test-results',
    workers: 1,
    forbidOnly: process.env['CI'] !== undefined,
    timeout: 60_000,
    expect: { timeout: 10_000 },
    reporter: 'list',
    use: {
        locale: 'en-GB',
        timezoneId: 'Europe/Stockholm',
        viewport: { width: 1440, height: 900 },
        launchOptions: {
            executablePath: chromium,
            args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
        },
    },
});
