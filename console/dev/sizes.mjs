/* `npm run sizes`: what the first paint of each page costs in gzip, and fails above the budget.
   Counted is the script that a page needs before it shows data; charts and the palette load
   later. */

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const budget_bytes = 40_000;
const assets = fileURLToPath(new URL('../dist/assets', import.meta.url));
const pages = [
    ...['home', 'connect', 'machines', 'machine', 'topics', 'signin', 'claim'],
    ...['posture', 'users', 'credentials', 'credential', 'keys', 'roles', 'role', 'acl', 'audit'],
    'mesh',
    ...['node', 'limits', 'queues', 'storage', 'trace', 'logs', 'backup'],
];

const files = readdirSync(assets).filter((file) => file.endsWith('.js'));
const sizeOf = (file) => gzipSync(readFileSync(path.join(assets, file)), { level: 9 }).length;
const textOf = (file) => readFileSync(path.join(assets, file), 'utf8');
const named = (name) => files.find((file) => file.startsWith(`${name}-`));

/** A chunk and what it imports at once; `import()` is for later. */
function withImports(file, seen = new Set()) {
    if (seen.has(file)) return seen;
    seen.add(file);
    for (const match of textOf(file).matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.js)"/g)) {
        withImports(match[1], seen);
    }
    return seen;
}

let isOver = false;
for (const page of pages) {
    const chunks = withImports(named('index'), withImports(named(`${page}_page`)));
    const total = [...chunks].reduce((sum, file) => sum + sizeOf(file), 0);
    isOver ||= total > budget_bytes;
    console.log(`${page.padEnd(10)} ${(total / 1000).toFixed(1)} kB gzip in ${chunks.size} files`);
}
console.log(
    `${'charts'.padEnd(10)} ${(sizeOf(named('canvas')) / 1000).toFixed(1)} kB gzip, loaded with the first chart`,
);
if (isOver) {
    console.error(`over the budget of ${budget_bytes / 1000} kB`);
    process.exitCode = 1;
}
