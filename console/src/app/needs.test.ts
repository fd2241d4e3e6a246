import { describe, expect, it } from 'vitest';
import type { NodeEvent, NodeInfo, Stats } from '../api/types';
import { findNeeds, type NeedsInput } from './needs';

const now_ms = Date.parse('2026-11-23T08:42:00.000Z');

const node = {
    store: { state: 'healthy', reason: null },
    listeners: [],
    limits: { session_queue_messages_max: 10_000 },
} as unknown as NodeInfo;

const stats = {
    queued_messages: 0,
    dropped_messages_total: 0,
    mesh_unreachable: 0,
    mesh_parted: false,
} as Stats;

function input(change: Partial<NeedsInput>): NeedsInput {
    return { node, stats, samples: [], events: [], now_ms, ...change };
}

function refused(minutes_ago: number, machine: string): NodeEvent {
    return {
        at: new Date(now_ms - minutes_ago * 60_000).toISOString(),
        kind: 'client_refused',
        machine,
        text: 'wrong key, from 10.4.3.77',
    };
}

describe('what needs a person', () => {
    it('is nothing on a healthy node, and nothing before anything is known', () => {
        expect(findNeeds(input({}))).toEqual([]);
        expect(findNeeds(input({ node: null, stats: null }))).toEqual([]);
    });

    it('is a machine that is lost again and again, but not one that says goodbye', () => {
        const left = (minutes_ago: number, machine: string, text: string): NodeEvent => ({
            ...refused(minutes_ago, machine),
            kind: 'client_disconnected',
            text,
        });
        const lost = [1, 5, 9].map((minute) => left(minute, 'printer', 'printer left: timeout'));
        const [need, ...others] = findNeeds(
            input({
                events: [...lost, ...[2, 3, 4].map((at) => left(at, 'hmi', 'hmi disconnected'))],
            }),
        );
        expect(need?.title).toBe('printer was lost 3 times within the hour');
        expect(need?.link?.path).toBe('/machines/printer');
        expect(others).toEqual([]);
        expect(findNeeds(input({ events: lost.slice(1) }))).toEqual([]);
    });

    it('is a degraded store, critical and before everything else', () => {
        const sick = { ...node, store: { state: 'degraded' as const, reason: 'disk is full' } };
        const needs = findNeeds(input({ node: sick, events: [refused(1, 'lathe-04')] }));
        expect(needs.map((need) => need.level)).toEqual(['crit', 'caution']);
        expect(needs[0]?.text).toContain('Disk is full.');
    });

    it('is a node of the mesh that cannot be reached, and critical if the mesh is in parts', () => {
        const gone: NodeEvent = {
            at: new Date(now_ms - 60_000).toISOString(),
            kind: 'mesh',
            machine: null,
            text: 'cellar cannot be reached any more',
            detail: { reason: 'node_gone' },
        };
        const [need] = findNeeds(
            input({ stats: { ...stats, mesh_unreachable: 1, mesh_parted: false }, events: [gone] }),
        );
        expect(need?.level).toBe('caution');
        expect(need?.title).toBe('1 node of the mesh cannot be reached');
        expect(need?.text).toBe('cellar cannot be reached any more. What waits there is kept.');
        expect(need?.at_ms).toBe(now_ms - 60_000);
        const [parted] = findNeeds(
            input({ stats: { ...stats, mesh_unreachable: 3, mesh_parted: true }, events: [gone] }),
        );
        expect(parted?.level).toBe('crit');
        expect(parted?.title).toBe('The mesh is in parts: 3 nodes cannot be reached');
        expect(parted?.text).toBe('What waits there is kept.');
    });

    it('counts refusals of one machine as one need, and forgets them after an hour', () => {
        const events = [refused(1, 'lathe-04'), refused(2, 'lathe-04'), refused(90, 'press-07')];
        const needs = findNeeds(input({ events }));
        expect(needs.map((need) => need.title)).toEqual(['lathe-04 was refused 2 times']);
    });

    it('gives the reason and the address of a refusal where the node tells them', () => {
        const detail = { reason: 'wrong key', address: '10.4.3.77:50112' };
        const [need] = findNeeds(input({ events: [{ ...refused(1, 'lathe-04'), detail }] }));
        expect(need?.text).toBe('Wrong key, from 10.4.3.77:50112.');
    });

    it('is a queue near its limit', () => {
        const needs = findNeeds(input({ stats: { ...stats, queued_messages: 8_000 } }));
        expect(needs[0]?.key).toBe('queue');
        expect(findNeeds(input({ stats: { ...stats, queued_messages: 7_999 } }))).toEqual([]);
    });

    it('is what was dropped while the page looked on, not before', () => {
        const at = (dropped: number): Stats => ({ ...stats, dropped_messages_total: dropped });
        expect(findNeeds(input({ samples: [at(50), at(50)] }))).toEqual([]);
        expect(findNeeds(input({ samples: [at(50), at(264)] }))[0]?.title).toBe(
            '214 messages were dropped in the last minutes',
        );
    });

    it('is a listener without TLS that its owner allowed', () => {
        const listeners = [
            {
                kind: 'mqtt',
                address: '0.0.0.0:1883',
                tls: false,
                insecure: true,
                anonymous: true,
                proxy: false,
            },
        ];
        expect(findNeeds(input({ node: { ...node, listeners } }))[0]?.title).toBe(
            'MQTT at 0.0.0.0:1883 has no TLS',
        );
    });
});
