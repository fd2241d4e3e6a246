import { describe, expect, it } from 'vitest';
import type { NodeEvent, Stats } from '../api/types';
import {
    addSample,
    addToast,
    createStore,
    events_kept_max,
    mayAct,
    mergeEvents,
    noteCall,
    samples_kept_max,
    type NotedCall,
    type SessionState,
} from './store';

const stats = (at: string): Stats => ({ at, queued_messages: 0 }) as Stats;

describe('samples', () => {
    it('grow by what is newer, and forget the oldest', () => {
        const first = addSample([], stats('2026-11-23T08:00:00.000Z'));
        expect(addSample(first, stats('2026-11-23T08:00:00.000Z'))).toBe(first);
        let samples = first;
        for (let second = 0; second < samples_kept_max + 10; second += 1) {
            const at = new Date(Date.UTC(2026, 10, 23, 9, 0, second)).toISOString();
            samples = addSample(samples, stats(at));
        }
        expect(samples.length).toBe(samples_kept_max);
    });
});

describe('events', () => {
    const event = (at: string, text = at): NodeEvent => ({ at, kind: 'x', machine: null, text });

    it('are newest first, each once, though list and feed overlap', () => {
        const known = [event('2'), event('1')];
        const merged = mergeEvents(known, [event('3'), event('2')]);
        expect(merged.map((one) => one.at)).toEqual(['3', '2', '1']);
    });

    it('are bounded', () => {
        const many = Array.from({ length: events_kept_max + 50 }, (_, index) =>
            event(String(index).padStart(4, '0')),
        );
        expect(mergeEvents([], many).length).toBe(events_kept_max);
    });
});

describe('noted calls', () => {
    const call = (path: string): Omit<NotedCall, 'times'> => ({
        method: 'GET',
        path,
        status: 200,
        took_ms: 1,
        bytes: 2,
        body: null,
    });

    it('count up when they are made again', () => {
        let calls = noteCall([], call('/a'));
        calls = noteCall(calls, call('/b'));
        calls = noteCall(calls, { ...call('/a'), status: 503 });
        expect(calls.map((one) => [one.path, one.times, one.status])).toEqual([
            ['/a', 2, 503],
            ['/b', 1, 200],
        ]);
    });
});

describe('toasts', () => {
    it('are four at most, the newest', () => {
        let toasts = addToast([], { id: 0, text: '0', isProblem: false });
        for (let id = 1; id < 9; id += 1) {
            toasts = addToast(toasts, { id, text: String(id), isProblem: false });
        }
        expect(toasts.map((toast) => toast.id)).toEqual([5, 6, 7, 8]);
    });
});

describe('roles', () => {
    const as = (role: 'admin' | 'operator' | 'viewer'): SessionState => ({
        phase: 'in',
        session: { user: { name: 'a', role }, csrf_token: '', node: '' },
    });

    it('may do what the ones below may, and nobody may anything', () => {
        expect(mayAct(as('admin'), 'operator')).toBe(true);
        expect(mayAct(as('operator'), 'operator')).toBe(true);
        expect(mayAct(as('operator'), 'admin')).toBe(false);
        expect(mayAct(as('viewer'), 'operator')).toBe(false);
        expect(mayAct({ phase: 'out' }, 'viewer')).toBe(false);
    });
});

describe('the store', () => {
    it('derives what needs a person from node, stats and events', () => {
        const store = createStore(Date.parse('2026-11-23T08:42:00.000Z'));
        expect(store.needs.value).toEqual([]);
        const refused = {
            at: '2026-11-23T08:41:00.000Z',
            kind: 'client_refused',
            machine: 'lathe-04',
            text: 'lathe-04 was refused: wrong key',
        };
        store.events.value = { phase: 'ready', value: [refused] };
        expect(store.needs.value.length).toBe(1);
        store.now_ms.value += 3_600_000;
        expect(store.needs.value).toEqual([]);
    });
});
