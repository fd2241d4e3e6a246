import { describe, expect, it } from 'vitest';
import { sparkShape } from './spark';
import { markWords } from './text';
import { rowsInView, rowWindow } from './window';

describe('the window over a list', () => {
    it('holds the rows in view and a few around, and keeps the height of all', () => {
        const window = rowWindow(10_000, 33, 33_000, 660);
        expect(window.first).toBe(994);
        expect(window.end).toBe(1_026);
        const rows_px = (window.end - window.first) * 33;
        expect(window.before_px + rows_px + window.after_px).toBe(330_000);
    });

    it('starts at the first row and ends at the last', () => {
        expect(rowWindow(10_000, 33, 0, 660).first).toBe(0);
        expect(rowWindow(10_000, 33, 329_340, 660).end).toBe(10_000);
    });

    it('is the whole list when that is short, and nothing when it is empty', () => {
        expect(rowWindow(5, 33, 0, 660)).toEqual({ first: 0, end: 5, before_px: 0, after_px: 0 });
        expect(rowWindow(0, 33, 0, 660)).toEqual({ first: 0, end: 0, before_px: 0, after_px: 0 });
    });

    it('does not run past a list that became shorter', () => {
        const window = rowWindow(20, 33, 300_000, 660);
        expect(window.end).toBe(20);
        expect(window.first).toBe(0);
    });

    it('names the rows that a reader sees', () => {
        expect(rowsInView(418, 33, 0, 792)).toEqual([1, 24]);
        expect(rowsInView(3, 33, 0, 792)).toEqual([1, 3]);
        expect(rowsInView(0, 33, 0, 792)).toEqual([0, 0]);
    });
});

describe('a sparkline', () => {
    it('is one piece, and two around a gap', () => {
        expect(sparkShape([1, 2, 3], {}).pieces.length).toBe(1);
        expect(sparkShape([1, null, 3], {}).pieces.length).toBe(2);
    });

    it('is nothing without data, and has no end where the newest is missing', () => {
        expect(sparkShape([], {})).toEqual({ pieces: [], limit_y: null, end_y: null });
        expect(sparkShape([1, 2, null], {}).end_y).toBeNull();
    });

    it('shows a limit only when the values come near it', () => {
        expect(sparkShape([100, 120], { lowest: 0, limit: 10_000 }).limit_y).toBeNull();
        const near = sparkShape([6_000, 8_000], { lowest: 0, limit: 10_000 });
        expect(near.limit_y).toBe(3);
        expect(near.end_y).toBeGreaterThan(3);
    });
});

describe('marked words', () => {
    it('are found without regard to case, and the text stays whole', () => {
        const parts = markWords('plant/Oven-1/temp_c', ['oven', 'temp']);
        expect(parts.filter((part) => part.isMatch).map((part) => part.text)).toEqual([
            'Oven',
            'temp',
        ]);
        expect(parts.map((part) => part.text).join('')).toBe('plant/Oven-1/temp_c');
    });

    it('leave a text without them as one part', () => {
        expect(markWords('plant', [''])).toEqual([{ text: 'plant', isMatch: false }]);
        expect(markWords('', ['a'])).toEqual([{ text: '', isMatch: false }]);
    });
});
