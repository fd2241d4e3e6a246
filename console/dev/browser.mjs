/* A Chromium for screenshots and end-to-end tests: Debian's, offline but for the node under
   test. */

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export function chromiumPath() {
    return process.env.KITH_CHROMIUM ?? candidates.find((path) => existsSync(path)) ?? null;
}

export function launch() {
    const executablePath = chromiumPath();
    if (executablePath === null)
        throw new Error('no Chromium: apt install chromium, or set KITH_CHROMIUM');
    return chromium.launch({
        executablePath,
        args: [
            '--no-sandbox',
            '--disable-gpu',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
            '--no-first-run',
            '--force-color-profile=srgb',
            '--font-render-hinting=none',
        ],
    });
}
