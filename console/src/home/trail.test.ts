import { describe, expect, it } from 'vitest';
import type { Stats, Usage } from '../api/types';
import { extendTrail, thin, trailOf } from './trail';

const end = '2026-11-23T08:42:00.000Z';
const end_s = Date.parse(end) / 1000;

function usage(values: (number | null)[]): Usage {
    return {
        step_s: 2,
        end,
        series: {
            messages_in_per_s: values,
            messages_out_per_s: values,
            bytes_in_per_s: values,
            bytes_out_per_s: values,
            connections: values,
            queued_messages: values,
            resident_bytes: values,
        },
    };
}

function statsAt(after_s: number, rate: number): Stats {
    return {
        at: new Date((end_s + after_s) * 1000).toISOString(),
        messages_in_per_s: rate,
    } as Stats;
}

describe('the trail', () => {
    it('ends at the end of the usage record, oldest first', () => {
        const trail = trailOf(usage([1, null, 3]));
        expect(trail.at_s).toEqual([end_s - 4, end_s - 2, end_s]);
        expect(trail.series.messages_in_per_s).toEqual([1, null, 3]);
    });

    it('takes a record without a series as gaps', () => {
        const partial = usage([1, 2]);
        delete (partial.series as Partial<Usage['series']>).resident_bytes;
        expect(trailOf(partial).series.resident_bytes).toEqual([null, null]);
    });

    it('begins with the first measurement: before the node there is no gap', () => {
        const trail = trailOf(usage([null, null, 1, null, 3]));
        expect(trail.at_s).toEqual([end_s - 4, end_s - 2, end_s]);
        expect(trail.series.messages_in_per_s).toEqual([1, null, 3]);
    });

    it('adds one point a step, not one a second', () => {
        const trail = trailOf(usage([1, 2]));
        expect(extendTrail(trail, statsAt(1, 9))).toBe(trail);
        expect(extendTrail(trail, statsAt(2, 9)).series.messages_in_per_s).toEqual([1, 2, 9]);
    });

    it('keeps a pause as a gap', () => {
        const trail = extendTrail(trailOf(usage([1, 2])), statsAt(30, 9));
        expect(trail.series.messages_in_per_s).toEqual([1, 2, null, 9]);
        expect(trail.at_s).toEqual([end_s - 2, end_s, end_s + 2, end_s + 30]);
    });

    it('forgets what is older than the window', () => {
        const trail = extendTrail(trailOf(usage([1, 2])), statsAt(601, 9));
        expect(trail.series.messages_in_per_s).toEqual([null, 9]);
    });

    it('starts from nothing', () => {
        const trail = extendTrail(trailOf(usage([])), statsAt(0, 4));
        expect(trail.series.messages_in_per_s).toEqual([4]);
    });

    it('thins to the newest', () => {
        const values = Array.from({ length: 300 }, (_, index) => index);
        const thinned = thin(values);
        expect(thinned.length).toBe(60);
        expect(thinned.at(-1)).toBe(299);
    });
});
