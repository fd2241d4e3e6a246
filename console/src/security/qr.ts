/* QR codes for short texts: byte mode, of ISO/IEC 18004 the versions with equal blocks, which keeps
   this small. Up to 106 bytes, several times a claim code, error correction is M (15 %); longer
   ones, tokens of a mesh, have L (7 %) so that their modules stay large. */

interface Version {
    number: number;
    level: 'M' | 'L';
    data_bytes: number;
    check_bytes: number;
    blocks: number;
    /** Rows and columns of alignment patterns. */
    alignment: readonly number[];
    /** Eighteen bits, from version 7 on. */
    information: number;
}

/** By version and level; bytes are those of one block. */
const versions: readonly Version[] = [
    plain(1, 16, 10, 1),
    plain(2, 28, 16, 1),
    plain(3, 44, 26, 1),
    plain(4, 32, 18, 2),
    plain(5, 43, 24, 2),
    plain(6, 27, 16, 4),
    large(7, [78, 20, 2], [6, 22, 38], 0x07c94),
    large(8, [97, 24, 2], [6, 24, 42], 0x085bc),
    large(9, [116, 30, 2], [6, 26, 46], 0x09a99),
    large(11, [81, 20, 4], [6, 30, 54], 0x0bbf6),
];

function plain(number: number, data_bytes: number, check_bytes: number, blocks: number): Version {
    const alignment = number === 1 ? [] : [6, 4 * number + 10];
    return { number, level: 'M', data_bytes, check_bytes, blocks, alignment, information: 0 };
}

function large(
    number: number,
    [data_bytes, check_bytes, blocks]: readonly [number, number, number],
    alignment: readonly number[],
    information: number,
): Version {
    return { number, level: 'L', data_bytes, check_bytes, blocks, alignment, information };
}

/** Mode, length and end: the length has a second byte from version 10 on. */
function overheadOf(version: Version): number {
    return version.number < 10 ? 2 : 3;
}
const format_mask = 0x5412;
const pads = [0xec, 0x11] as const;

/** Rows of modules, true is dark; null if the text is too long. */
export function qrMatrix(text: string): boolean[][] | null {
    const bytes = [...new TextEncoder().encode(text)];
    const version = versions.find(
        (one) => bytes.length + overheadOf(one) <= one.data_bytes * one.blocks,
    );
    if (!version) {
        return null;
    }
    const stream = interleave(version, dataOf(version, bytes));
    const masked = Array.from({ length: 8 }, (_, mask) => draw(version, stream, mask));
    return masked.reduce((best, one) => (penalty(one) < penalty(best) ? one : best));
}

/** Mode 4, length, bytes, end, then padding up to what the version holds. */
function dataOf(version: Version, bytes: readonly number[]): number[] {
    const length = bytes.length;
    const nibbles = [4, (length >> 4) & 15, length & 15];
    if (overheadOf(version) > 2) {
        nibbles.splice(1, 0, length >> 12, (length >> 8) & 15);
    }
    for (const byte of bytes) {
        nibbles.push(byte >> 4, byte & 15);
    }
    nibbles.push(0);
    const data: number[] = [];
    for (let at = 0; at < nibbles.length; at += 2) {
        data.push(((nibbles[at] ?? 0) << 4) | (nibbles[at + 1] ?? 0));
    }
    for (let at = 0; data.length < version.data_bytes * version.blocks; at += 1) {
        data.push(pads[at % 2] ?? 0);
    }
    return data;
}

function interleave(version: Version, data: readonly number[]): number[] {
    const blocks = Array.from({ length: version.blocks }, (_, at) =>
        data.slice(at * version.data_bytes, (at + 1) * version.data_bytes),
    );
    const checks = blocks.map((block) => checkBytes(block, version.check_bytes));
    const columns = (parts: readonly number[][], size: number): number[] =>
        Array.from({ length: size }, (_, at) => parts.map((part) => part[at] ?? 0)).flat();
    return [...columns(blocks, version.data_bytes), ...columns(checks, version.check_bytes)];
}

/* Reed-Solomon over GF(256) with the polynomial 0x11d. */
const exponents: number[] = [];
const logarithms: number[] = [];
for (let at = 0, value = 1; at < 255; at += 1) {
    exponents.push(value);
    logarithms[value] = at;
    value = (value << 1) ^ (value & 128 ? 0x11d : 0);
}

function times(a: number, b: number): number {
    return a === 0 || b === 0
        ? 0
        : (exponents[((logarithms[a] ?? 0) + (logarithms[b] ?? 0)) % 255] ?? 0);
}

export function checkBytes(data: readonly number[], size: number): number[] {
    let generator = [1];
    for (let at = 0; at < size; at += 1) {
        const root = exponents[at] ?? 0;
        const next = [...generator, 0];
        generator.forEach((factor, index) => {
            next[index + 1] = (next[index + 1] ?? 0) ^ times(factor, root);
        });
        generator = next;
    }
    const rest = [...data, ...Array.from({ length: size }, () => 0)];
    for (let at = 0; at < data.length; at += 1) {
        const factor = rest[at] ?? 0;
        generator.forEach((one, index) => {
            rest[at + index] = (rest[at + index] ?? 0) ^ times(one, factor);
        });
    }
    return rest.slice(data.length);
}

type Cells = (boolean | null)[][];

function put(cells: Cells, row: number, column: number, isDark: boolean): void {
    const line = cells[row];
    if (line !== undefined && column >= 0 && column < line.length) {
        line[column] = isDark;
    }
}

function draw(version: Version, stream: readonly number[], mask: number): boolean[][] {
    const size = 17 + 4 * version.number;
    const cells: Cells = Array.from({ length: size }, () => Array<boolean | null>(size).fill(null));
    drawPatterns(cells, version);
    drawFormat(cells, version, mask);
    drawData(cells, stream, mask);
    return cells.map((line) => line.map((cell) => cell === true));
}

function drawPatterns(cells: Cells, version: Version): void {
    const size = cells.length;
    for (const [top, left] of [
        [0, 0],
        [0, size - 7],
        [size - 7, 0],
    ] as const) {
        for (let row = -1; row <= 7; row += 1) {
            for (let column = -1; column <= 7; column += 1) {
                const ring = Math.max(Math.abs(row - 3), Math.abs(column - 3));
                put(cells, top + row, left + column, ring !== 2 && ring <= 3);
            }
        }
    }
    for (let at = 8; at < size - 8; at += 1) {
        put(cells, 6, at, at % 2 === 0);
        put(cells, at, 6, at % 2 === 0);
    }
    for (const row of version.alignment) {
        for (const column of version.alignment) {
            drawAlignment(cells, row, column);
        }
    }
    for (let at = 0; at < 18 && version.information > 0; at += 1) {
        const isDark = ((version.information >> at) & 1) === 1;
        put(cells, Math.floor(at / 3), size - 11 + (at % 3), isDark);
        put(cells, size - 11 + (at % 3), Math.floor(at / 3), isDark);
    }
}

/** Not where a corner pattern is. */
function drawAlignment(cells: Cells, middle_row: number, middle_column: number): void {
    const last = cells.length - 8;
    const isTop = middle_row < 8;
    const isLeft = middle_column < 8;
    if ((isTop && isLeft) || (isTop && middle_column > last) || (isLeft && middle_row > last)) {
        return;
    }
    for (let row = -2; row <= 2; row += 1) {
        for (let column = -2; column <= 2; column += 1) {
            const ring = Math.max(Math.abs(row), Math.abs(column));
            put(cells, middle_row + row, middle_column + column, ring !== 1);
        }
    }
}

/** Fifteen bits, twice: error correction (M is 00, L is 01), then the mask, then a BCH code. */
function drawFormat(cells: Cells, version: Version, mask: number): void {
    const size = cells.length;
    const content = (version.level === 'L' ? 8 : 0) | mask;
    let rest = content << 10;
    for (let bit = 14; bit >= 10; bit -= 1) {
        rest ^= (rest >> bit) & 1 ? 0x537 << (bit - 10) : 0;
    }
    const bits = ((content << 10) | rest) ^ format_mask;
    for (let at = 0; at < 15; at += 1) {
        const isDark = ((bits >> at) & 1) === 1;
        const near = at < 6 ? at : at < 8 ? at + 1 : at === 8 ? 7 : 14 - at;
        if (at < 8) {
            put(cells, near, 8, isDark);
            put(cells, 8, size - 1 - at, isDark);
        } else {
            put(cells, 8, near, isDark);
            put(cells, size - 15 + at, 8, isDark);
        }
    }
    put(cells, size - 8, 8, true);
}

const masks: readonly ((row: number, column: number) => boolean)[] = [
    (row, column) => (row + column) % 2 === 0,
    (row) => row % 2 === 0,
    (_, column) => column % 3 === 0,
    (row, column) => (row + column) % 3 === 0,
    (row, column) => (Math.floor(row / 2) + Math.floor(column / 3)) % 2 === 0,
    (row, column) => ((row * column) % 2) + ((row * column) % 3) === 0,
    (row, column) => (((row * column) % 2) + ((row * column) % 3)) % 2 === 0,
    (row, column) => (((row + column) % 2) + ((row * column) % 3)) % 2 === 0,
];

/** In pairs of columns from the right, up and down by turns. */
function drawData(cells: Cells, stream: readonly number[], mask: number): void {
    const size = cells.length;
    const isFlipped = masks[mask] ?? (() => false);
    let at = 0;
    let isUp = true;
    for (let right = size - 1; right > 0; right -= 2) {
        const pair = right <= 6 ? right - 1 : right;
        for (let step = 0; step < size; step += 1) {
            const row = isUp ? size - 1 - step : step;
            for (const column of [pair, pair - 1]) {
                if (cells[row]?.[column] === null) {
                    const bit = ((stream[at >> 3] ?? 0) >> (7 - (at & 7))) & 1;
                    put(cells, row, column, (bit === 1) !== isFlipped(row, column));
                    at += 1;
                }
            }
        }
        isUp = !isUp;
    }
}

/** Runs of five and more, and squares of four: what makes a code hard to read. */
function penalty(cells: readonly boolean[][]): number {
    let sum = 0;
    const size = cells.length;
    const at = (row: number, column: number): boolean => cells[row]?.[column] === true;
    for (let line = 0; line < size; line += 1) {
        for (const read of [(i: number) => at(line, i), (i: number) => at(i, line)]) {
            let run = 1;
            for (let i = 1; i <= size; i += 1) {
                if (i < size && read(i) === read(i - 1)) {
                    run += 1;
                } else {
                    sum += run >= 5 ? run - 2 : 0;
                    run = 1;
                }
            }
        }
    }
    for (let row = 1; row < size; row += 1) {
        for (let column = 1; column < size; column += 1) {
            const dark = at(row, column);
            const isSquare =
                at(row - 1, column) === dark &&
                at(row, column - 1) === dark &&
                at(row - 1, column - 1) === dark;
            sum += isSquare ? 3 : 0;
        }
    }
    return sum;
}
