import { describe, expect, it } from 'vitest';
import type { NodeEvent, NodeInfo, Stats } from '../api/types';
import type { Need } from '../app/needs';
import { changesOf, checksOf, headline, newsOf, listenerText, stepsOf } from './words';

const stats: Stats = {
    at: '2026-11-23T08:42:00.000Z',
    messages_in_total: 1,
    messages_out_total: 1,
    bytes_in_total: 1,
    bytes_out_total: 1,
    messages_in_per_s: 1,
    messages_out_per_s: 1,
    bytes_in_per_s: 1,
    bytes_out_per_s: 1,
    connections: 412,
    machines_known: 418,
    sessions: 418,
    subscriptions: 3,
    retained: 2,
    queued_messages: 0,
    dropped_messages_total: 0,
    topics: 3,
    resident_bytes: 61_000_000,
    delivery_p99_ms: 1.8,
    commit_ms_max: 3.4,
    stored_bytes: 318_000_000,
    mesh_unreachable: 0,
    mesh_parted: false,
};

const node: NodeInfo = {
    name: 'gw-1',
    version: '0.1.0',
    started_at: '2026-11-23T08:00:00.000Z',
    uptime_s: 2_520,
    shards: 4,
    pid: 1,
    resident_bytes: 61_000_000,
    store: { state: 'healthy', reason: null },
    listeners: [
        {
            kind: 'mqtt',
            address: '127.0.0.1:1883',
            tls: false,
            insecure: false,
            anonymous: true,
            proxy: false,
        },
    ],
    hosts: ['localhost'],
    limits: { session_queue_messages_max: 10_000 },
};

const need: Need = { key: 'a', level: 'crit', title: '', text: '', at_ms: null, link: null };

describe('the headline', () => {
    it('tells a new node that nothing has connected', () => {
        expect(headline({ ...stats, machines_known: 0 }, [])).toBe(
            'This node is ready. No machine has connected yet.',
        );
    });

    it('says how many are online and that nothing needs a person', () => {
        expect(headline(stats, [])).toBe(
            '412 of 418 machines are online and no message waits. Nothing needs you.',
        );
    });

    it('puts what is critical first', () => {
        expect(headline({ ...stats, queued_messages: 1 }, [need])).toBe(
            '412 of 418 machines are online and 1 message waits for those that are away. ' +
                '1 critical thing needs you.',
        );
    });
});

describe('the checks', () => {
    it('are all ok on a healthy node', () => {
        expect(checksOf(node, stats, 0).every((check) => check.status === 'ok')).toBe(true);
    });

    it('put the worst first and give its reason', () => {
        const sick = { ...node, store: { state: 'degraded' as const, reason: 'disk is full' } };
        const [first] = checksOf(sick, { ...stats, queued_messages: 9_000 }, 0);
        expect(first).toEqual({ name: 'Store', status: 'crit', text: 'degraded, disk is full' });
    });

    it('notice a queue near its limit and a clock that is off', () => {
        const checks = checksOf(node, { ...stats, queued_messages: 8_000 }, 180_000);
        expect(checks.find((check) => check.name === 'Queues')?.status).toBe('caution');
        expect(checks.find((check) => check.name === 'Clock')?.text).toBe(
            '3 min behind this browser',
        );
    });

    it('do not invent a delay before the first delivery', () => {
        const checks = checksOf(node, { ...stats, delivery_p99_ms: null, commit_ms_max: 0 }, 0);
        expect(checks.find((check) => check.name === 'Delivery')?.status).toBe('unknown');
    });
});

describe('the changes', () => {
    const event = (at: string, kind: string, machine: string): NodeEvent => ({
        at: `2026-11-23T08:${at}.000Z`,
        kind,
        machine,
        text: `${machine} ${kind}`,
    });

    it('join many of one kind into one row', () => {
        const events = ['e', 'd', 'c', 'b', 'a'].map((name, index) =>
            event(`40:${String(50 - index).padStart(2, '0')}`, 'client_connected', name),
        );
        const changes = changesOf([...events, event('10:00', 'claimed', 'z')], 8);
        expect(changes.map((change) => change.text)).toEqual(['5 machines connected', 'z claimed']);
        expect(changes[0]?.note).toBe('e, d, c and 2 more');
    });

    it('join what one machine does that comes and goes', () => {
        const events = ['09:40', '09:20', '09:00', '08:40'].map((at, index) =>
            event(at, index % 2 === 0 ? 'client_connected' : 'client_disconnected', 'printer'),
        );
        expect(changesOf(events, 8).map((change) => [change.text, change.note])).toEqual([
            ['printer client_connected', 'left 2 times in 1 min'],
        ]);
        expect(changesOf(events.slice(0, 2), 8)[0]?.note).toBe('was away for 20 s');
        const other = event('09:10', 'client_disconnected', 'hmi-1');
        expect(changesOf([events[0] as NodeEvent, other], 8).length).toBe(2);
    });

    it('give a machine that repeats itself one row, whatever lies between', () => {
        const events = [9, 8, 7].flatMap((minute) => [
            event(`0${minute}:40`, 'client_connected', 'printer'),
            event(`0${minute}:20`, 'client_refused', 'hmi-9'),
            event(`0${minute}:00`, 'client_disconnected', 'printer'),
        ]);
        const rows = newsOf([event('10:00', 'claimed', 'z'), ...events], 8);
        expect(rows.map((change) => [change.text, change.note])).toEqual([
            ['z claimed', ''],
            ['printer client_connected', 'left 3 times in 2 min 40 s'],
            ['hmi-9 client_refused', '3 times in 2 min'],
        ]);
    });

    it('keep apart what is minutes apart, and say how often one machine did the same', () => {
        const events = [30, 20, 10].map((minute) =>
            event(`${minute}:00`, 'client_connected', `m${minute}`),
        );
        expect(changesOf(events, 2).length).toBe(2);
        const again = ['09:40', '09:20', '09:00'].map((at) =>
            event(at, 'client_refused', 'lathe-04'),
        );
        expect(changesOf(again, 8).map((change) => [change.text, change.note])).toEqual([
            ['lathe-04 client_refused', '3 times in 40 s'],
        ]);
    });
});

describe('listeners and steps', () => {
    it('say who can reach a listener', () => {
        expect(listenerText(node.listeners[0] as NodeInfo['listeners'][0])).toBe(
            'this computer only, no TLS, no key needed',
        );
    });

    it('are open until they are done', () => {
        const fresh = { ...stats, machines_known: 0, subscriptions: 0, retained: 0 };
        const steps = stepsOf(fresh, node);
        expect(steps.map((step) => step.isDone)).toEqual([true, false, false, false, false]);
        expect(steps[1]?.link?.path).toBe('/connect');
    });
});
