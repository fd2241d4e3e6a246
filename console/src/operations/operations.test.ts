import { describe, expect, it } from 'vitest';
import type { Limit } from '../api/types';
import { addDropSample, dropRows, readLabelled, readPlain, samples_max } from './metrics';
import { eventsText } from './trace';
import {
    amountText,
    limitName,
    limitStatus,
    reasonWords,
    shareOf,
    slowText,
    worstFirst,
} from './words';

const metrics = [
    '# TYPE kith_messages_dropped_total counter',
    'kith_messages_dropped_total{reason="queue_full"} 12',
    'kith_messages_dropped_total{shard="1",reason="expired"} 3',
    'kith_messages_dropped_total{shard="2",reason="expired"} 4',
    'kith_messages_dropped_totals{reason="other"} 9',
    'kith_queued_bytes 4096',
].join('\n');

describe('metrics', () => {
    it('are read by label, summed over the others', () => {
        expect(readLabelled(metrics, 'kith_messages_dropped_total', 'reason')).toEqual({
            queue_full: 12,
            expired: 7,
        });
        expect(readPlain(metrics, 'kith_queued_bytes')).toBe(4096);
        expect(readPlain(metrics, 'kith_queued')).toBeNull();
    });

    it('become rates, with what was dropped lately first', () => {
        const samples = [
            { at_ms: 0, totals: { a: 5, b: 100 } },
            { at_ms: 2_000, totals: { a: 9, b: 100 } },
        ];
        expect(dropRows(samples)).toEqual([
            { reason: 'a', total: 9, lately: 4, rates: [2] },
            { reason: 'b', total: 100, lately: 0, rates: [0] },
        ]);
        expect(dropRows([])).toEqual([]);
    });

    it('start anew when the node did, and are bounded', () => {
        const one = { at_ms: 0, totals: { a: 5 } };
        expect(addDropSample([one], { at_ms: 1, totals: { a: 1 } })).toHaveLength(1);
        let samples: ReturnType<typeof addDropSample> = [];
        for (let at = 0; at < samples_max + 9; at += 1) {
            samples = addDropSample(samples, { at_ms: at, totals: { a: at } });
        }
        expect(samples).toHaveLength(samples_max);
    });
});

function limit(value: number, used: number | null, reached_count = 0): Limit {
    const name = `${value} ${used}`;
    return { name, key: name, value, used, reached_count, last_reached_at: null, unit: '' };
}

describe('limits', () => {
    it('are near from 80 % on, and full at all of it', () => {
        expect(limitStatus(limit(100, 79))).toBe('ok');
        expect(limitStatus(limit(100, 80))).toBe('caution');
        expect(limitStatus(limit(100, 100))).toBe('crit');
        expect(shareOf(limit(0, 5))).toBeNull();
        expect(shareOf(limit(100, null))).toBeNull();
    });

    it('are listed near ones first, then reached ones', () => {
        const all = [limit(100, 1), limit(100, null, 3), limit(100, 90)];
        expect(worstFirst(all).map((one) => one.name)).toEqual(['100 90', '100 null', '100 1']);
    });

    it('name their unit', () => {
        expect(amountText(67_108_864, 'bytes')).toBe('67.1 MB');
        expect(amountText(67_108_864, 'bytes/s')).toBe('67.1 MB/s');
        expect(amountText(900, 'messages/s')).toBe('900/s');
        expect(amountText(7, 'sessions')).toBe('7');
        expect(limitName('session_queue')).toBe('Messages that wait for a session');
        expect(limitName('some_new_one')).toBe('Some new one');
    });
});

it('A reason that the console does not know stands as it is', () => {
    expect(reasonWords('queue_full')[0]).toBe('Queue full');
    expect(reasonWords('some_new_one')[0]).toBe('some new one');
});

it('A trace copies as a line a step', () => {
    const event = {
        number: 7,
        at: '2026-11-23T07:42:17.318Z',
        shard: 0,
        stage: 'drop' as const,
        client: null,
        topic: 'a/b',
        message: 3,
        packet_id: null,
        qos: 0 as const,
        retain: false,
        bytes: 4,
        text: 'nobody subscribed',
    };
    expect(eventsText([event, event]).split('\n')[0]).toBe(
        '2026-11-23T07:42:17.318Z  drop       m3  -  a/b  nobody subscribed',
    );
});

describe('a slow client', () => {
    const slow = {
        client: 'historian',
        address: '10.4.3.9:50112',
        waiting_bytes: 61_000,
        unsent_bytes: 61_000,
        queued_bytes: 0,
        queued_messages: 0,
        inflight_messages: 3,
        inflight_messages_max: 20,
        waits_for_s: 4,
        no_progress_for_s: 0,
        dropped_messages: 0,
        publishers_held: 0,
    };

    it('stands still, has a full window, or is sent too much', () => {
        expect(slowText({ ...slow, no_progress_for_s: 4 })).toBe(
            'its connection took nothing for 4 s',
        );
        expect(slowText({ ...slow, inflight_messages: 20 })).toContain('not acknowledged');
        expect(slowText(slow)).toBe('61.0 kB wait in its connection');
    });
});
