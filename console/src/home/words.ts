/* The sentences and rows of Home, derived from what the node says. Pure, so that each can be
   read in a test. */

import type { Listener, NodeEvent, NodeInfo, Stats } from '../api/types';
import { queueLimit, type Need } from '../app/needs';
import { bytesText, count, milliseconds, plural } from '../format/number';
import { duration, parseTime } from '../format/time';
import type { IconName } from '../ui/icon';
import type { Status } from '../ui/shape';

const forWhom = 'for those that are away';

/** What is true now, in one sentence with numbers. */
export function headline(stats: Stats, needs: readonly Need[]): string {
    if (stats.machines_known === 0) {
        return 'This node is ready. No machine has connected yet.';
    }
    const offline = Math.max(0, stats.machines_known - stats.connections);
    const machines =
        offline === 0
            ? stats.machines_known === 1
                ? 'Its one machine is online'
                : `All ${count(stats.machines_known)} machines are online`
            : `${count(stats.connections)} of ${count(stats.machines_known)} machines are online`;
    const waiting =
        stats.queued_messages === 0
            ? 'no message waits'
            : `${plural(stats.queued_messages, 'message waits', 'messages wait')} ${forWhom}`;
    const crit = needs.filter((need) => need.level === 'crit').length;
    const needed =
        needs.length === 0
            ? 'Nothing needs you.'
            : crit > 0
              ? `${plural(crit, 'critical thing needs', 'critical things need')} you.`
              : `${plural(needs.length, 'thing needs', 'things need')} you.`;
    return `${machines} and ${waiting}. ${needed}`;
}

/** "1 critical, 2 caution"; a level with none is not named. */
export function levelsText(needs: readonly Need[]): string {
    const crit = needs.filter((need) => need.level === 'crit').length;
    const caution = needs.length - crit;
    const parts = [crit > 0 ? `${crit} critical` : '', caution > 0 ? `${caution} caution` : ''];
    return parts.filter((part) => part !== '').join(', ') || 'nothing';
}

export interface Check {
    name: string;
    status: Status;
    text: string;
}

const delay_slow_ms = 100;
const commit_slow_ms = 200;

/** The health of this node, worst first. */
export function checksOf(node: NodeInfo, stats: Stats, skew_ms: number): Check[] {
    const checks = [
        storeCheck(node, stats),
        delayCheck(stats),
        queueCheck(node, stats),
        clockCheck(skew_ms),
        {
            name: 'Process',
            status: 'ok' as const,
            text: [
                `up ${duration(node.uptime_s * 1000)}`,
                plural(node.shards, 'worker'),
                bytesText(stats.resident_bytes),
            ].join(', '),
        },
    ];
    const rank: Partial<Record<Status, number>> = { crit: 0, caution: 1, stale: 2 };
    return checks.sort((a, b) => (rank[a.status] ?? 3) - (rank[b.status] ?? 3));
}

function storeCheck(node: NodeInfo, stats: Stats): Check {
    if (node.store.state !== 'healthy') {
        const reason = node.store.reason ?? 'no reason given';
        return { name: 'Store', status: 'crit', text: `${node.store.state}, ${reason}` };
    }
    const size = bytesText(stats.stored_bytes);
    if (stats.commit_ms_max === 0) {
        return { name: 'Store', status: 'ok', text: `healthy, ${size}, nothing to commit yet` };
    }
    const slowest = milliseconds(stats.commit_ms_max);
    return {
        name: 'Store',
        status: stats.commit_ms_max > commit_slow_ms ? 'caution' : 'ok',
        text: `healthy, ${size}, slowest commit ${slowest.value} ${slowest.unit}`,
    };
}

function delayCheck(stats: Stats): Check {
    if (stats.delivery_p99_ms === null) {
        return { name: 'Delivery', status: 'unknown', text: 'nothing delivered yet' };
    }
    const delay = milliseconds(stats.delivery_p99_ms);
    return {
        name: 'Delivery',
        status: stats.delivery_p99_ms > delay_slow_ms ? 'caution' : 'ok',
        text: `99 of 100 messages within ${delay.value} ${delay.unit}`,
    };
}

function queueCheck(node: NodeInfo, stats: Stats): Check {
    const limit = queueLimit(node);
    const isNear = limit !== null && stats.queued_messages >= limit * 0.8;
    const room = limit === null ? '' : `, a session may hold ${count(limit)}`;
    return {
        name: 'Queues',
        status: isNear ? 'caution' : 'ok',
        text: `${count(stats.queued_messages)} waiting${room}`,
    };
}

function clockCheck(skew_ms: number): Check {
    if (skew_ms === 0) {
        return { name: 'Clock', status: 'ok', text: 'agrees with this browser within 2 s' };
    }
    const side = skew_ms > 0 ? 'behind' : 'ahead of';
    return {
        name: 'Clock',
        status: Math.abs(skew_ms) > 60_000 ? 'caution' : 'ok',
        text: `${duration(Math.abs(skew_ms))} ${side} this browser`,
    };
}

const listenerNames: Record<string, string> = {
    mqtt: 'MQTT',
    mqtts: 'MQTT over TLS',
    http: 'HTTP and WebSocket',
    https: 'HTTPS and WebSocket',
};

export function listenerName(listener: Listener): string {
    return listenerNames[listener.kind] ?? listener.kind;
}

export function isLoopback(address: string): boolean {
    return /^(127\.|\[::1\]|localhost|::1)/.test(address);
}

/** Who can reach a listener and how. */
export function listenerText(listener: Listener): string {
    const reach = isLoopback(listener.address) ? 'this computer only' : 'the network';
    const how = listener.tls
        ? 'TLS'
        : listener.insecure
          ? 'no TLS, allowed by insecure = true'
          : 'no TLS';
    return `${reach}, ${how}${listener.anonymous ? ', no key needed' : ''}`;
}

export interface Change {
    key: string;
    icon: IconName;
    text: string;
    note: string;
    at: string;
    machine: string | null;
    kind: string;
    /** How many events the row stands for. */
    times: number;
}

const icons: Record<string, IconName> = {
    client_connected: 'machines',
    client_disconnected: 'machines',
    client_refused: 'stop',
    takeover: 'swap',
    claimed: 'user',
    token_created: 'key',
    session_ended: 'machines',
    store_degraded: 'store',
    store_healthy: 'store',
    limit: 'stop',
    mesh: 'mesh',
};

const together_ms = 120_000;

const manyWords: Record<string, string> = {
    client_connected: 'connected',
    client_disconnected: 'disconnected',
    client_refused: 'were refused',
};

type Repeats = ReadonlyMap<NodeEvent, readonly NodeEvent[]>;

/** So often, and what a machine does becomes one row however much lies between. */
const repeats_min = 3;

/** Newest first; a machine that does the same again and again has one row, at its newest. */
export function newsOf(events: readonly NodeEvent[], rows_max: number): Change[] {
    const groups = new Map<string, NodeEvent[]>();
    for (const event of events) {
        if (event.machine !== null && manyWords[event.kind] !== undefined) {
            const theme = event.kind === 'client_refused' ? 'refused' : 'here';
            const key = `${theme} ${event.machine}`;
            groups.set(key, [...(groups.get(key) ?? []), event]);
        }
    }
    const often = [...groups.values()].filter((group) => group.length >= repeats_min);
    const repeats = new Map(often.map((group) => [group[0] as NodeEvent, group]));
    const hidden = new Set(often.flatMap((group) => group.slice(1)));
    const shown = events.filter((event) => !hidden.has(event));
    return changesOf(shown, rows_max, repeats);
}

/** Newest first. Many of one kind that follow each other closely become one row. */
export function changesOf(
    events: readonly NodeEvent[],
    rows_max: number,
    repeats: Repeats = new Map(),
): Change[] {
    const changes: Change[] = [];
    for (let index = 0; index < events.length && changes.length < rows_max;) {
        const first = events[index];
        if (!first) {
            break;
        }
        const repeated = repeats.get(first);
        if (repeated) {
            changes.push(changeOf(repeated));
            index += 1;
            continue;
        }
        let end = index + 1;
        while (
            end < events.length &&
            !repeats.has(events[end] as NodeEvent) &&
            isTogether(events[end - 1], events[end])
        ) {
            end += 1;
        }
        changes.push(changeOf(events.slice(index, end)));
        index = end;
    }
    return changes;
}

function isTogether(newer: NodeEvent | undefined, older: NodeEvent | undefined): boolean {
    if (!newer || !older || manyWords[newer.kind] === undefined) {
        return false;
    }
    if (newer.kind !== older.kind && !isComingAndGoing(newer, older)) {
        return false;
    }
    return (parseTime(newer.at) ?? 0) - (parseTime(older.at) ?? 0) < together_ms;
}

/** Of one machine: it left and came back, or came and left. */
function isComingAndGoing(newer: NodeEvent, older: NodeEvent): boolean {
    const kinds = ['client_connected', 'client_disconnected'];
    return (
        newer.machine !== null &&
        newer.machine === older.machine &&
        kinds.includes(newer.kind) &&
        kinds.includes(older.kind)
    );
}

function changeOf(group: readonly NodeEvent[]): Change {
    const newest = group[0] as NodeEvent;
    const icon = icons[newest.kind] ?? 'clock';
    const { kind, at } = newest;
    const base = { key: `${at} ${newest.text}`, icon, at, kind, times: group.length };
    if (group.length === 1) {
        return { ...base, text: newest.text, note: '', machine: newest.machine };
    }
    const machines = [...new Set(group.map((event) => event.machine ?? 'one'))];
    if (machines.length === 1) {
        return { ...base, text: newest.text, note: repeatNote(group), machine: newest.machine };
    }
    const shown = machines.slice(0, 3).join(', ');
    const rest = machines.length > 3 ? ` and ${machines.length - 3} more` : '';
    return {
        ...base,
        text: `${plural(group.length, 'machine')} ${manyWords[newest.kind]}`,
        note: shown + rest,
        machine: null,
    };
}

/** What one machine did several times. */
function repeatNote(group: readonly NodeEvent[]): string {
    const oldest_ms = parseTime(group.at(-1)?.at) ?? 0;
    const span = duration((parseTime(group[0]?.at) ?? 0) - oldest_ms);
    const losses = group.filter((event) => event.kind === 'client_disconnected').length;
    if (losses === 0 || losses === group.length) {
        return `${count(group.length)} times in ${span}`;
    }
    const isBack = group[0]?.kind === 'client_connected';
    return losses === 1
        ? isBack
            ? `was away for ${span}`
            : `was here for ${span}`
        : `left ${count(losses)} times in ${span}`;
}

export interface Step {
    text: string;
    isDone: boolean;
    link: { path: string; label: string } | null;
}

/** The way from an empty node to one that people rely on. */
export function stepsOf(stats: Stats, node: NodeInfo): Step[] {
    const step = (text: string, isDone: boolean, path: string, label: string): Step => ({
        text,
        isDone,
        link: isDone ? null : { path, label },
    });
    const hasTls = node.listeners.some((listener) => listener.tls);
    const isOpen = node.listeners.some(
        (listener) => listener.kind.startsWith('mqtt') && !isLoopback(listener.address),
    );
    return [
        step('Claim this node', true, '/', ''),
        step('Connect a first machine', stats.machines_known > 0, '/connect', 'Connect'),
        step('Let a second machine listen', stats.subscriptions > 0, '/connect', 'Connect'),
        step(
            'Keep a value for who comes later',
            stats.retained > 0,
            '/topics?publish=1',
            'Publish',
        ),
        {
            text: isOpen
                ? 'Machines on the network can reach it'
                : 'Open it to the network, with TLS: kith run --mqtts 0.0.0.0:8883',
            isDone: isOpen && hasTls,
            link: null,
        },
    ];
}
