import { describe, expect, it } from 'vitest';
import { gapsOf, withGaps } from './series';

describe('chart data', () => {
    it('finds gaps, also at the ends', () => {
        expect(gapsOf([0, 2, 4, 6, 8], [null, 1, null, null, 2])).toEqual([
            [0, 2],
            [2, 8],
        ]);
        expect(gapsOf([0, 2, 4], [1, null, null])).toEqual([[0, 4]]);
        expect(gapsOf([0, 2], [1, 2])).toEqual([]);
    });

    it('opens the line where nothing came for long', () => {
        const points = [0, 1, 2, 3, 60, 61].map((at_s) => ({ at_s, value: at_s }));
        expect(withGaps(points)).toEqual({
            at_s: [0, 1, 2, 3, 4, 60, 61],
            values: [0, 1, 2, 3, null, 60, 61],
        });
    });

    it('leaves one point and no point alone', () => {
        expect(withGaps([])).toEqual({ at_s: [], values: [] });
        expect(withGaps([{ at_s: 5, value: 1 }])).toEqual({ at_s: [5], values: [1] });
    });
});
