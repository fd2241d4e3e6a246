import { describe, expect, it } from 'vitest';
import type { NodeEvent } from '../api/types';
import { marksOf } from './marks';

const to_s = Date.parse('2026-11-23T08:42:00.000Z') / 1000;
const range: [number, number] = [to_s - 600, to_s];

function event(ago_s: number, kind: string, machine: string, text: string): NodeEvent {
    return { at: new Date((to_s - ago_s) * 1000).toISOString(), kind, machine, text };
}

describe('marks on the flow', () => {
    it('are what is wrong, oldest first, within the picture', () => {
        const events = [
            event(10, 'client_refused', 'lathe-04', 'lathe-04 was refused: wrong key'),
            event(20, 'client_connected', 'press-07', 'press-07 connected'),
            event(60, 'store_degraded', '', 'The store cannot write: disk is full'),
            event(700, 'limit', '', 'too long ago'),
        ];
        expect(marksOf(events, 500, range).map((mark) => mark.level)).toEqual(['crit', 'caution']);
    });

    it('are lost machines on a small site, and not on a large one', () => {
        const lost = [
            event(30, 'client_disconnected', 'hmi-5', 'hmi-5 left: connection was reset'),
        ];
        expect(marksOf(lost, 40, range).length).toBe(1);
        expect(marksOf(lost, 4_000, range)).toEqual([]);
        const planned = [event(30, 'client_disconnected', 'hmi-5', 'hmi-5 left: it disconnected')];
        expect(marksOf(planned, 40, range)).toEqual([]);
    });

    it('are many machines at once on any site', () => {
        const many = Array.from({ length: 12 }, (_, index) =>
            event(30 + index, 'client_disconnected', `m${index}`, `m${index} left: timed out`),
        );
        expect(marksOf(many, 4_000, range).map((mark) => mark.text)).toEqual([
            '12 machines disconnected',
        ]);
    });
});
