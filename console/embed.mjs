/* Turns the built console into one C++ source and one binary file beside it:

   node embed.mjs DIST OUT      writes OUT/console_assets.cpp and OUT/console_assets.bin

   The binary file holds every file of DIST, compressed with gzip at its best level; the source includes
   it as it is and lists where each file starts. So the compiler never sees the bytes, and builds in a
   moment. Equal input gives equal output. */

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

const contentTypes = {
    '.css': 'text/css; charset=utf-8',
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.json': 'application/json',
    '.svg': 'image/svg+xml',
    '.txt': 'text/plain; charset=utf-8',
};

function filesBelow(folder) {
    return readdirSync(folder, { withFileTypes: true })
        .flatMap((entry) => {
            const full = path.join(folder, entry.name);
            return entry.isDirectory() ? filesBelow(full) : [full];
        })
        .sort();
}

function readAsset(dist, file) {
    const type = contentTypes[path.extname(file)];
    if (type === undefined) throw new Error(`${file}: no content type is known for it`);
    const bytes = readFileSync(file);
    const url = `/${path.relative(dist, file).split(path.sep).join('/')}`;
    return {
        path: url,
        type,
        etag: createHash('sha256').update(bytes).digest('hex').slice(0, 32),
        /* Vite writes a hash of the content into every name below assets/. */
        isImmutable: url.startsWith('/assets/'),
        gzip: gzipSync(bytes, { level: 9 }),
    };
}

function sourceOf(assets, total, binary) {
    let offset = 0;
    const rows = assets.map((asset) => {
        const row =
            `    {"${asset.path}", "${asset.type}", "\\"${asset.etag}\\"",\n` +
            `     std::span{kith_console_blob}.subspan<${offset}, ${asset.gzip.length}>(), ${asset.isImmutable}},`;
        offset += asset.gzip.length;
        return row;
    });
    return `// Written by console/embed.mjs: the files of the console, compressed. Do not edit.
#include "console/console_assets.h"

#include <array>

asm(R"(
    .section .rodata.kith_console, "a"
    .balign 16
    .global kith_console_blob
    .hidden kith_console_blob
    .type kith_console_blob, %object
kith_console_blob:
    .incbin "${binary}"
    .size kith_console_blob, . - kith_console_blob
    .text
)");

extern "C" __attribute__((visibility("hidden"))) const std::uint8_t kith_console_blob[${total}];

namespace kith::console {

namespace {

// Sorted by path.
constexpr std::array<Asset, ${assets.length}> kAssets{{
${rows.join('\n')}
}};

}  // namespace

std::span<const Asset> console_assets() {
    return kAssets;
}

}  // namespace kith::console
`;
}

const [dist, out] = process.argv.slice(2);
if (!dist || !out) {
    console.error('usage: node embed.mjs DIST OUT');
    process.exit(2);
}
const assets = filesBelow(dist).map((file) => readAsset(dist, file));
if (!assets.some((asset) => asset.path === '/index.html')) {
    throw new Error(`${dist} has no index.html: build the console first`);
}
const blob = Buffer.concat(assets.map((asset) => asset.gzip));
mkdirSync(out, { recursive: true });
const binary = path.resolve(out, 'console_assets.bin');
writeFileSync(binary, blob);
writeFileSync(path.join(out, 'console_assets.cpp'), sourceOf(assets, blob.length, binary));
console.log(`console: ${assets.length} files, ${(blob.length / 1000).toFixed(1)} kB compressed`);
