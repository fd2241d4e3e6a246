import { describe, expect, it } from 'vitest';
import { checkBytes, qrMatrix } from './qr';

const known = `
#######...#...#######
#.....#.#####.#.....#
#.###.#...#...#.###.#
#.###.#..#....#.###.#
#.###.#.#####.#.###.#
#.....#..###..#.....#
#######.#.#.#.#######
.........#...........
#.#.#.#..##.#...#..#.
.#.##..#####.#.#.####
.#....#.#..#.###.####
.##.##.#######.##...#
#..#..#.#..#.###.#...
........#.#...#....##
#######..##.#...#.###
#.....#...#...#....#.
#.###.#.##..#.#.#..##
#.###.#....#.#.#.###.
#.###.#.##.#.###..#.#
#.....#..#.###.###.#.
#######.####.###..###
`.trim();

describe('a QR code', () => {
    it('is the one that readers of QR codes read as "kith"', () => {
        const drawn = qrMatrix('kith')?.map((line) => line.map((is) => (is ? '#' : '.')).join(''));
        expect(drawn?.join('\n')).toBe(known);
    });

    it('grows with its text, and is none for a text that is too long', () => {
        expect(qrMatrix('x'.repeat(14))?.length).toBe(21);
        expect(qrMatrix('x'.repeat(15))?.length).toBe(25);
        expect(qrMatrix('x'.repeat(106))?.length).toBe(41);
        expect(qrMatrix('x'.repeat(107))?.length).toBe(45);
        expect(qrMatrix('x'.repeat(321))?.length).toBe(61);
        expect(qrMatrix('x'.repeat(322))).toBeNull();
    });

    it('has the check bytes of the standard’s own example', () => {
        // ISO/IEC 18004, annex I: "01234567" as version 1-M.
        const data = [0x10, 0x20, 0x0c, 0x56, 0x61, 0x80, 0xec, 0x11];
        const padded = [...data, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11];
        expect(checkBytes(padded, 10)).toEqual([
            0xa5, 0x24, 0xd4, 0xc1, 0xed, 0x36, 0xc7, 0x87, 0x2c, 0x55,
        ]);
    });
});
