import { describe, expect, it } from 'vitest';
import { absolute, age, clock, clockMillis, duration, parseTime, when } from './time';

const noon_ms = new Date(2026, 10, 23, 12, 0, 0).getTime();

describe('times', () => {
    it('gives null for a time that is missing or broken', () => {
        expect(parseTime(null)).toBeNull();
        expect(parseTime('yesterday')).toBeNull();
        expect(parseTime('2026-11-23T08:42:17.318Z')).toBe(Date.UTC(2026, 10, 23, 8, 42, 17, 318));
    });

    it('writes durations in two units at most', () => {
        expect(duration(318)).toBe('318 ms');
        expect(duration(3_100)).toBe('3.1 s');
        expect(duration(372_000)).toBe('6 min 12 s');
        expect(duration(3_600_000)).toBe('1 h');
        expect(duration((41 * 24 + 6) * 3_600_000)).toBe('41 d 6 h');
    });

    it('writes an age in one unit', () => {
        expect(age(200)).toBe('0.2 s');
        expect(age(42_900)).toBe('42 s');
        expect(age(372_000)).toBe('6 min');
        expect(age(-5)).toBe('0.0 s');
        expect(age(30 * 86_400_000)).toBe('30 d');
    });

    it('is relative under an hour and absolute after', () => {
        expect(when(noon_ms - 400, noon_ms)).toBe('now');
        expect(when(noon_ms - 5_000, noon_ms)).toBe('5 s ago');
        expect(when(noon_ms - 372_000, noon_ms)).toBe('6 min ago');
        expect(when(noon_ms - 2 * 3_600_000, noon_ms)).toBe('10:00');
        expect(when(noon_ms - 26 * 3_600_000, noon_ms)).toBe('22 Nov');
    });

    it('shows the clock in the zone of the reader', () => {
        expect(clock(noon_ms)).toBe('12:00:00');
        expect(clockMillis(noon_ms + 7)).toBe('12:00:00.007');
        expect(absolute(noon_ms)).toBe('23 Nov 2026, 12:00:00');
    });
});
