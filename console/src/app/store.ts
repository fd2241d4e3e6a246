/* The one store: what the whole console knows, as signals. A page adds the state of its own
   while it is open (see scope.ts); nothing else holds state. Only App and pages write here;
   views read. */

import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { Call } from '../api/client';
import type { NodeEvent, NodeInfo, Problem, Role, Session, Stats } from '../api/types';
import { findNeeds, type Need } from './needs';

export type Load<T> =
    { phase: 'loading' } | { phase: 'ready'; value: T } | { phase: 'failed'; problem: Problem };

export const loading: Load<never> = { phase: 'loading' };

export function valueOf<T>(load: Load<T>): T | null {
    return load.phase === 'ready' ? load.value : null;
}

export type SessionState =
    | { phase: 'unknown' }
    | { phase: 'failed'; problem: Problem }
    | { phase: 'out' }
    | { phase: 'in'; session: Session };

export interface Toast {
    id: number;
    text: string;
    /** A result that the reader should not miss stays longer. */
    isProblem: boolean;
}

/** What a page shows: it is pure, and reads signals only. */
export interface Page {
    view: () => VNode;
    /** `/` was pressed: put the cursor into the page's search field. */
    find?: () => void;
    /** The same page was asked for with another query, by a link or by going back. */
    onQuery?: (query: URLSearchParams) => void;
    /** A key that no field took; true when the page used it. */
    onKey?: (event: KeyboardEvent) => boolean;
}

export const events_kept_max = 200;
export const samples_kept_max = 600;
const calls_kept_max = 60;
const toasts_kept_max = 4;

export interface NotedCall extends Call {
    /** How often the page made this same call. */
    times: number;
}

export interface Store {
    session: Signal<SessionState>;
    /** Known before sign-in, and nothing else is. */
    nodeName: Signal<string>;
    isClaimable: Signal<boolean>;
    node: Signal<Load<NodeInfo>>;
    stats: Signal<Load<Stats>>;
    /** The last ten minutes of stats that this page saw, oldest first. */
    samples: Signal<readonly Stats[]>;
    events: Signal<Load<readonly NodeEvent[]>>;
    needs: ReadonlySignal<readonly Need[]>;
    page: Signal<Load<Page>>;
    calls: Signal<readonly NotedCall[]>;
    toasts: Signal<readonly Toast[]>;
    dialog: Signal<(() => VNode) | null>;
    /** The node's time, a tick a second. */
    now_ms: Signal<number>;
    /** Reader's clock minus node's clock. */
    skew_ms: Signal<number>;
    /** Goes up when colours changed, so that canvases draw again. */
    paint: Signal<number>;
    /** What a screen reader should hear. */
    announcement: Signal<string>;
}

export function createStore(now_ms: number): Store {
    const node = signal<Load<NodeInfo>>(loading);
    const stats = signal<Load<Stats>>(loading);
    const samples = signal<readonly Stats[]>([]);
    const events = signal<Load<readonly NodeEvent[]>>(loading);
    const now = signal(now_ms);
    const minute = computed(() => Math.floor(now.value / 60_000) * 60_000 + 60_000);
    const needs = computed(() =>
        findNeeds({
            node: valueOf(node.value),
            stats: valueOf(stats.value),
            samples: samples.value,
            events: valueOf(events.value) ?? [],
            now_ms: minute.value,
        }),
    );
    return {
        session: signal<SessionState>({ phase: 'unknown' }),
        nodeName: signal(''),
        isClaimable: signal(false),
        node,
        stats,
        samples,
        events,
        needs,
        page: signal<Load<Page>>(loading),
        calls: signal<readonly NotedCall[]>([]),
        toasts: signal<readonly Toast[]>([]),
        dialog: signal<(() => VNode) | null>(null),
        now_ms: now,
        skew_ms: signal(0),
        paint: signal(0),
        announcement: signal(''),
    };
}

/** Adds a sample; older than the window, and one that came twice, fall out. */
export function addSample(samples: readonly Stats[], stats: Stats): readonly Stats[] {
    const last = samples.at(-1);
    if (last !== undefined && last.at >= stats.at) {
        return samples;
    }
    return [...samples, stats].slice(-samples_kept_max);
}

/** Newest first, each event once: the list that was read and the feed overlap. */
export function mergeEvents(
    known: readonly NodeEvent[],
    fresh: readonly NodeEvent[],
): readonly NodeEvent[] {
    const seen = new Set<string>();
    const merged: NodeEvent[] = [];
    for (const event of [...fresh, ...known]) {
        const key = `${event.at} ${event.kind} ${event.machine ?? ''} ${event.text}`;
        if (!seen.has(key)) {
            seen.add(key);
            merged.push(event);
        }
    }
    merged.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
    return merged.slice(0, events_kept_max);
}

/** The same call made again counts up; the list of one page stays short. */
export function noteCall(calls: readonly NotedCall[], call: Call): readonly NotedCall[] {
    const index = calls.findIndex(
        (known) =>
            known.method === call.method && known.path === call.path && known.body === call.body,
    );
    if (index < 0) {
        return [...calls, { ...call, times: 1 }].slice(-calls_kept_max);
    }
    return calls.map((known, at) => (at === index ? { ...call, times: known.times + 1 } : known));
}

export function addToast(toasts: readonly Toast[], toast: Toast): readonly Toast[] {
    return [...toasts, toast].slice(-toasts_kept_max);
}

const rank: Record<Role, number> = { machine: 0, viewer: 1, operator: 2, admin: 3 };

/** admin > operator > viewer > machine. */
export function mayAct(session: SessionState, needed: Role): boolean {
    return session.phase === 'in' && rank[session.session.user.role] >= rank[needed];
}
