import { describe, expect, it } from 'vitest';
import { lineRange, mirrorTicks, niceCeil, niceFloor, niceStep, ticks, timeTicks } from './scale';

describe('scales', () => {
    it('round up to a number that people read', () => {
        expect(niceCeil(18204)).toBe(20000);
        expect(niceCeil(31877)).toBe(40000);
        expect(niceCeil(1)).toBe(1);
        expect(niceCeil(0)).toBe(1);
        expect(niceStep(37, 4)).toBe(10);
    });

    it('give round ticks within the range', () => {
        expect(ticks(183.4, 184.8, 3)).toEqual([183.5, 184, 184.5]);
        expect(ticks(5, 5, 3)).toEqual([5]);
    });

    it('mirror one step up and down, without the zero', () => {
        expect(mirrorTicks(20000, 40000)).toEqual([-40000, -20000, 20000]);
        expect(mirrorTicks(800, 1200)).toEqual([-1000, -500, 500]);
    });

    it('give a low side a tick of its own, and a side of nothing none', () => {
        expect(niceFloor(183)).toBe(100);
        expect(niceFloor(0.5)).toBe(0.5);
        expect(mirrorTicks(183, 353)).toEqual([-200, 100]);
        expect(mirrorTicks(0, 140)).toEqual([-100, -50]);
    });

    it('put time on whole steps and end with now', () => {
        const to_s = Date.UTC(2026, 10, 23, 8, 42, 17) / 1000;
        const found = timeTicks(to_s - 600, to_s, 5);
        expect(found.at(-1)).toBe(to_s);
        for (const at_s of found.slice(0, -1)) {
            expect(at_s % 120).toBe(0);
        }
        expect(found.length).toBeGreaterThan(4);
    });

    it('keep noise small', () => {
        const [lowest, highest] = lineRange(184.2, 184.2);
        expect(highest - lowest).toBeGreaterThan(0.3);
        expect(lineRange(0, 10)[0]).toBeLessThan(0);
        expect(lineRange(0, 0)).toEqual([0, 2]);
    });
});
