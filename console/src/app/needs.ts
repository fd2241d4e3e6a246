/* What needs a person, derived from the node's state, its counters and its events. Worst first; an
   empty list is the normal case. Each need names the thing and the number. */

import { sentence } from '../api/client';
import type { NodeEvent, NodeInfo, Stats } from '../api/types';
import { count, plural } from '../format/number';
import { parseTime } from '../format/time';

export type NeedLevel = 'crit' | 'caution';

export interface Need {
    key: string;
    level: NeedLevel;
    title: string;
    text: string;
    at_ms: number | null;
    link: { path: string; label: string } | null;
}

export interface NeedsInput {
    node: NodeInfo | null;
    stats: Stats | null;
    samples: readonly Stats[];
    events: readonly NodeEvent[];
    now_ms: number;
}

const hour_ms = 3_600_000;
/** A machine that was lost so often within the hour has a bad link or a bad battery. */
const losses_min = 3;
const queue_near_share = 0.8;

export function findNeeds(input: NeedsInput): readonly Need[] {
    const found = [
        ...storeNeeds(input),
        ...meshNeeds(input),
        ...droppedNeeds(input),
        ...queueNeeds(input),
        ...eventNeeds(input, 'client_refused'),
        ...eventNeeds(input, 'limit'),
        ...lossNeeds(input),
        ...listenerNeeds(input),
    ];
    return found.sort((a, b) => (a.level === b.level ? 0 : a.level === 'crit' ? -1 : 1));
}

const storeNote =
    'What a durable session or a retained topic wants to keep is not confirmed to its sender ' +
    'until the store writes again.';

function storeNeeds({ node, events }: NeedsInput): Need[] {
    if (!node || node.store.state === 'healthy') {
        return [];
    }
    const event = events.find((one) => one.kind === 'store_degraded');
    const reason = node.store.reason ?? event?.text ?? 'The node gave no reason.';
    return [
        {
            key: 'store',
            level: 'crit',
            title: `The store is ${node.store.state}`,
            text: `${sentence(reason)} ${storeNote}`,
            at_ms: event ? parseTime(event.at) : null,
            link: null,
        },
    ];
}

/** A node that is gone alone may have been switched off; several that were linked were cut off. */
function meshNeeds({ stats, events }: NeedsInput): Need[] {
    const unreachable = stats?.mesh_unreachable ?? 0;
    if (!stats || unreachable === 0) {
        return [];
    }
    const happened = stats.mesh_parted ? 'partitioned' : 'node_gone';
    const event = events.find((one) => one.kind === 'mesh' && one.detail?.['reason'] === happened);
    const nodes = plural(unreachable, 'node');
    return [
        {
            key: 'mesh',
            level: stats.mesh_parted ? 'crit' : 'caution',
            title: stats.mesh_parted
                ? `The mesh is in parts: ${nodes} cannot be reached`
                : `${nodes} of the mesh cannot be reached`,
            // It begins with the name of a node, which stays as it is written.
            text: `${event ? `${event.text}. ` : ''}What waits there is kept.`,
            at_ms: event ? parseTime(event.at) : null,
            link: { path: '/mesh', label: 'Open the mesh' },
        },
    ];
}

/** Dropped while this page looked on: the counter alone does not say when. */
export function droppedLately(samples: readonly Stats[]): number {
    const first = samples[0];
    const last = samples.at(-1);
    return first && last
        ? Math.max(0, last.dropped_messages_total - first.dropped_messages_total)
        : 0;
}

function droppedNeeds({ samples }: NeedsInput): Need[] {
    const dropped = droppedLately(samples);
    if (dropped === 0) {
        return [];
    }
    return [
        {
            key: 'dropped',
            level: 'caution',
            title: `${plural(dropped, 'message was', 'messages were')} dropped in the last minutes`,
            text: 'A queue was full, or a message ended before its machine came back.',
            at_ms: null,
            link: { path: '/machines', label: 'Show machines' },
        },
    ];
}

/** The limit of one session's queue; the name of the key may grow a prefix. */
export function queueLimit(node: NodeInfo | null): number | null {
    const entry = Object.entries(node?.limits ?? {}).find(
        ([name]) => name.includes('queue') && name.includes('messages'),
    );
    return entry ? entry[1] : null;
}

function queueNeeds({ node, stats }: NeedsInput): Need[] {
    const limit = queueLimit(node);
    if (!stats || limit === null || stats.queued_messages < limit * queue_near_share) {
        return [];
    }
    return [
        {
            key: 'queue',
            level: 'caution',
            title: `${plural(stats.queued_messages, 'message waits', 'messages wait')} in queues`,
            text: `One session may hold ${count(limit)}; a machine that stays away may reach it.`,
            at_ms: null,
            link: { path: '/machines?state=offline', label: 'Show offline machines' },
        },
    ];
}

/** Repeated events of one machine are one need, with how often it happened within the hour. */
function eventNeeds(input: NeedsInput, kind: string): Need[] {
    const groups = groupsOf(input, (event) => event.kind === kind);
    return [...groups].map(([key, group]) => eventNeed(kind, key, group));
}

/** Events of the last hour by their machine, newest first. */
function groupsOf(
    { events, now_ms }: NeedsInput,
    isWanted: (event: NodeEvent) => boolean,
): Map<string, NodeEvent[]> {
    const groups = new Map<string, NodeEvent[]>();
    for (const event of events) {
        const at_ms = parseTime(event.at);
        if (isWanted(event) && at_ms !== null && now_ms - at_ms < hour_ms) {
            const key = event.machine ?? event.text;
            groups.set(key, [...(groups.get(key) ?? []), event]);
        }
    }
    return groups;
}

/** Gone without a goodbye. */
export function isLoss(event: NodeEvent): boolean {
    return event.kind === 'client_disconnected' && !/disconnect/i.test(event.text);
}

function lossNeeds(input: NeedsInput): Need[] {
    return [...groupsOf(input, isLoss)]
        .filter(([, group]) => group.length >= losses_min)
        .map(([machine, group]) => ({
            key: `lost ${machine}`,
            level: 'caution' as const,
            title: `${machine} was lost ${count(group.length)} times within the hour`,
            text: group[0] ? reasonOf(group[0]) : '',
            at_ms: group[0] ? parseTime(group[0].at) : null,
            link: { path: `/machines/${encodeURIComponent(machine)}`, label: 'Open machine' },
        }));
}

/** The reason that stands behind an event, with the address that it came from. */
function reasonOf(event: NodeEvent): string {
    const reason = event.detail?.['reason'];
    const address = event.detail?.['address'];
    if (typeof reason !== 'string' || reason === '') {
        return event.text;
    }
    return sentence(typeof address === 'string' ? `${reason}, from ${address}` : reason);
}

function eventNeed(kind: string, key: string, group: readonly NodeEvent[]): Need {
    const newest = group[0];
    const machine = newest?.machine ?? null;
    const often = group.length === 1 ? 'once' : `${count(group.length)} times`;
    const title =
        kind === 'client_refused'
            ? `${machine ?? 'A machine'} was refused ${often}`
            : `${machine ?? 'The node'} reached a limit ${often}`;
    return {
        key: `${kind} ${key}`,
        level: 'caution',
        title,
        text: newest ? reasonOf(newest) : '',
        at_ms: newest ? parseTime(newest.at) : null,
        link:
            kind === 'client_refused'
                ? { path: '/connect', label: 'Make it a key' }
                : machine === null
                  ? null
                  : { path: `/machines/${encodeURIComponent(machine)}`, label: 'Open machine' },
    };
}

function listenerNeeds({ node }: NeedsInput): Need[] {
    return (node?.listeners ?? [])
        .filter((listener) => listener.insecure)
        .map((listener) => ({
            key: `listener ${listener.kind} ${listener.address}`,
            level: 'caution' as const,
            title: `${listener.kind.toUpperCase()} at ${listener.address} has no TLS`,
            text: 'It says insecure = true: keys and values can be read on the network.',
            at_ms: null,
            link: null,
        }));
}
