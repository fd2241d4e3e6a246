/* What CMake calls: installs the npm packages if package-lock.json changed since, builds
   the console into OUT/dist, and writes the C++ source (see embed.mjs). Without a network it works as
   long as node_modules fits the lock file.

   node build.mjs OUT */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
/* The same stamp as ./dev leaves, so that neither installs what the other has. */
const stamp = path.join(here, 'node_modules', '.kith-installed');
const lock = path.join(here, '.building');
const lock_ends_ms = 10 * 60_000;

function hasPackages() {
    const list = path.join(here, 'package-lock.json');
    return existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(list).mtimeMs;
}

/** Two build folders may build at once; npm must not run twice over one node_modules. */
async function withLock(run) {
    for (;;) {
        try {
            mkdirSync(lock);
            break;
        } catch {
            const age_ms = existsSync(lock) ? Date.now() - statSync(lock).mtimeMs : 0;
            if (age_ms > lock_ends_ms) rmSync(lock, { recursive: true, force: true });
            await new Promise((resolve) => setTimeout(resolve, 200));
        }
    }
    try {
        run();
    } finally {
        rmdirSync(lock);
    }
}

function install() {
    if (hasPackages()) return;
    const isThere = existsSync(path.join(here, 'node_modules', 'vite', 'package.json'));
    try {
        execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
            cwd: here,
            stdio: 'inherit',
        });
    } catch (error) {
        if (!isThere || !existsSync(path.join(here, 'node_modules', 'vite', 'package.json')))
            throw error;
        console.warn('console: npm has no network; building with the packages that are there');
        return;
    }
    writeFileSync(stamp, '');
}

const out = path.resolve(process.argv[2] ?? path.join(here, 'build'));
const dist = path.join(out, 'dist');
await withLock(() => {
    install();
    const vite = path.join(here, 'node_modules', 'vite', 'bin', 'vite.js');
    execFileSync(
        process.execPath,
        [vite, 'build', '--outDir', dist, '--emptyOutDir', '--logLevel', 'warn'],
        { cwd: here, stdio: 'inherit' },
    );
});
execFileSync(process.execPath, [path.join(here, 'embed.mjs'), dist, out], { stdio: 'inherit' });
