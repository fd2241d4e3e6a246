/* Words of Operations: limits, reasons, stages. */

import type { Limit, SlowClient } from '../api/types';
import { bytesText, count } from '../format/number';
import { duration } from '../format/time';
import type { Status } from '../ui/shape';

export const near_share = 0.8;

/** 0 to 1; null where nothing is in use or the limit is off. */
export function shareOf(limit: Limit): number | null {
    return limit.used === null || limit.value <= 0 ? null : Math.min(1, limit.used / limit.value);
}

export function limitStatus(limit: Limit): Status {
    const share = shareOf(limit);
    if (share !== null && share >= 1) {
        return 'crit';
    }
    return share !== null && share >= near_share ? 'caution' : 'ok';
}

/** Limits that are near or were reached come first; then as the node lists them. */
export function worstFirst(limits: readonly Limit[]): Limit[] {
    const weight = (limit: Limit): number =>
        (shareOf(limit) ?? 0) >= near_share ? 0 : limit.reached_count > 0 ? 1 : 2;
    return [...limits].sort((a, b) => weight(a) - weight(b));
}

/** What is counted needs no unit beside its own name; bytes and rates do. */
export function amountText(value: number, unit: string): string {
    const [what = '', per] = unit.split('/');
    const amount = what === 'bytes' ? bytesText(value) : count(value);
    return per === undefined ? amount : `${amount}/${per}`;
}

/** Limits as people call them; an unknown one stands as it is. */
const limitNames: Readonly<Record<string, string>> = {
    connections: 'Connections',
    pending_connections: 'Connections that said nothing yet',
    pending_bytes: 'Bytes of those',
    sessions: 'Sessions',
    subscriptions: 'Subscriptions',
    session_subscriptions: 'Subscriptions of a session',
    subscribe_filters: 'Filters in one SUBSCRIBE',
    topic_levels: 'Levels of a topic',
    topics: 'Topics remembered',
    client_topics: 'Topics of a client remembered',
    retained_messages: 'Retained messages',
    retained_bytes: 'Bytes of retained messages',
    queued_bytes: 'Memory of what waits',
    session_queue: 'Messages that wait for a session',
    receive_maximum: 'Messages under way from a client',
    will_bytes: 'Bytes of a will',
    wills_bytes: 'Bytes of all wills',
    client_messages: 'Publishes of a client',
    client_bytes: 'Bytes from a client',
    listener_messages: 'Publishes at a listener',
    listener_bytes: 'Bytes at a listener',
    client_retained: 'Retained publishes of a client',
    connects: 'Connects',
    address_connects: 'Connects from an address',
    failed_connects: 'Failed connects from an address',
};

export function limitName(name: string): string {
    const words = name.replaceAll('_', ' ');
    return limitNames[name] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

/** Reasons of drops as people read them; an unknown one stands as it is. */
const reasons: Readonly<Record<string, readonly [string, string]>> = {
    slow_receiver: ['Receiver too slow', 'QoS 0 to a client that does not read fast enough'],
    queue_full: ['Queue full', 'QoS 1 and 2 to a session whose queue is at its limit'],
    memory: ['No memory', 'the memory for what waits was at its limit'],
    expired: ['Expired', 'its message expiry came before its receiver'],
    too_large: ['Too large', 'above the receiver’s Maximum Packet Size'],
    no_receiver: ['Nobody subscribed', 'published, and no filter matched'],
};

export function reasonWords(reason: string): readonly [string, string] {
    return reasons[reason] ?? [reason.replaceAll('_', ' '), ''];
}

export function speaksOf(stage: string): Status {
    switch (stage) {
        case 'drop':
            return 'crit';
        case 'deliver':
        case 'ack':
        case 'commit':
            return 'ok';
        default:
            return 'unknown';
    }
}

/** Why a client counts as slow, the weightiest fact first. */
export function slowText(client: SlowClient): string {
    if (client.no_progress_for_s >= 1) {
        return `its connection took nothing for ${duration(client.no_progress_for_s * 1000)}`;
    }
    if (client.inflight_messages >= client.inflight_messages_max) {
        return `${count(client.inflight_messages)} messages are not acknowledged, its most`;
    }
    return `${bytesText(client.unsent_bytes)} wait in its connection`;
}
