import { describe, expect, it } from 'vitest';
import type { Machine } from '../api/types';
import { applyChanges, readListQuery } from './list';
import { extendRates, noRates } from './rates';
import { connectionText, expiryText, keeperText, seenAt_ms, sinceText, stateOf } from './words';

const now_ms = Date.parse('2026-11-23T08:42:00.000Z');

function machine(id: string, change: Partial<Machine> = {}): Machine {
    return {
        id,
        online: true,
        protocol: 'MQTT 5.0',
        transport: 'tls',
        connected_at: new Date(now_ms - 90_000).toISOString(),
        last_seen_at: new Date(now_ms - 1_000).toISOString(),
        messages_in_per_s: 2,
        messages_out_per_s: 1,
        ...change,
    } as Machine;
}

describe('the list of machines', () => {
    it('reads its query, and the default for what is unknown', () => {
        expect(readListQuery(new URLSearchParams('q=press&state=offline&sort=last_seen'))).toEqual({
            q: 'press',
            state: 'offline',
            sort: 'last_seen',
        });
        expect(readListQuery(new URLSearchParams('state=odd&sort=odd'))).toEqual({
            q: '',
            state: 'all',
            sort: 'id',
        });
    });

    it('changes rows in their place and adds none', () => {
        const rows = [machine('a'), machine('b')];
        const changed = applyChanges(rows, [machine('b', { online: false }), machine('z')]);
        expect(changed.map((row) => [row.id, row.online])).toEqual([
            ['a', true],
            ['b', false],
        ]);
    });
});

describe('a machine in words', () => {
    it('is online, offline or never seen', () => {
        expect(stateOf(machine('a')).word).toBe('online');
        expect(stateOf(machine('a', { online: false })).word).toBe('offline');
        const unseen = { online: false, last_seen_at: null, connected_at: null };
        expect(stateOf(machine('a', unseen)).status).toBe('unknown');
    });

    it('says since when', () => {
        expect(sinceText(machine('a'), now_ms)).toBe('up 1 min 30 s');
        expect(sinceText(machine('a', { online: false }), now_ms)).toBe('away for 1 s');
        expect(seenAt_ms(machine('a', { last_seen_at: null }), now_ms)).toBe(now_ms);
        expect(connectionText(machine('a', { transport: null }))).toBe('MQTT 5.0');
    });

    it('names its key and how long its session stays', () => {
        expect(keeperText('token:lathe-04')).toBe('key lathe-04');
        expect(keeperText(null)).toBe('no key, from this computer');
        expect(expiryText(0)).toBe('ends with the connection');
        expect(expiryText(3_600)).toBe('kept 1 h after the connection');
        expect(expiryText(0xffff_ffff)).toBe('never ends');
    });
});

describe('the rates of a machine', () => {
    it('grow by one point a second and forget what is older than the window', () => {
        let rates = noRates();
        rates = extendRates(rates, machine('a'), 1_000);
        rates = extendRates(rates, machine('a'), 1_000.4);
        expect(rates.at_s).toEqual([1_000]);
        rates = extendRates(rates, machine('a'), 1_001);
        rates = extendRates(rates, machine('a'), 1_400);
        expect(rates.at_s).toEqual([1_400]);
        expect(rates.from_s).toBe(1_340);
        expect(rates.up).toEqual([2]);
    });

    it('draw nothing across a pause', () => {
        let rates = extendRates(noRates(), machine('a'), 1_000);
        rates = extendRates(rates, machine('a'), 1_030);
        expect(rates.up).toEqual([2, null, 2]);
    });
});
