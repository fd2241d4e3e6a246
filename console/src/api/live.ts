/* The live feed: one WebSocket that carries every followed channel. It reconnects by itself
   with capped, jittered backoff, follows everything again, and says since when nothing was
   heard. The node pings every 5 s; 12 s without a word is stale, whatever the socket believes,
   and a socket that opens is not live before its first word. */

import { signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { FollowRequest, Problem } from './types';

/** What the feed needs of a WebSocket; a fake stands in for it in tests. */
export interface SocketLike {
    onopen: (() => void) | null;
    onmessage: ((event: { data: unknown }) => void) | null;
    onclose: (() => void) | null;
    send(text: string): void;
    close(): void;
}

export interface LiveOptions {
    open: () => SocketLike;
    now_ms: () => number;
    random: () => number;
    setTimer: (run: () => void, delay_ms: number) => number;
    clearTimer: (timer: number) => void;
}

export type LinkPhase = 'off' | 'connecting' | 'live' | 'stale';

export interface LinkState {
    phase: LinkPhase;
    /** Since when the phase holds; for `stale` the last time that anything was heard. */
    since_ms: number;
    retry_at_ms: number | null;
}

export interface FollowHandler {
    onData: (data: unknown) => void;
    onProblem?: (problem: Problem) => void;
    /** The feed came back after a gap: what was missed must be read again. */
    onResume?: () => void;
}

export interface Follow {
    change(request: FollowRequest): void;
    stop(): void;
}

interface Entry {
    id: number;
    request: FollowRequest;
    handler: FollowHandler;
}

export const stale_after_ms = 12_000;
const watch_every_ms = 1_000;
const retry_first_ms = 500;
const retry_max_ms = 30_000;

/** Delay before try `attempt` (from 0): doubled each time, capped, 50 to 100 % of it by chance. */
export function retryDelay_ms(attempt: number, random: number): number {
    const full_ms = Math.min(retry_max_ms, retry_first_ms * 2 ** Math.min(attempt, 16));
    return Math.round(full_ms * (0.5 + random / 2));
}

export class LiveFeed {
    private readonly link: Signal<LinkState>;
    private readonly requests = signal<readonly FollowRequest[]>([]);
    private readonly entries = new Map<number, Entry>();
    private socket: SocketLike | null = null;
    private isOpen = false;
    private nextId = 1;
    private attempt = 0;
    private heard_ms = 0;
    private opened_ms = 0;
    private wasLive = false;
    private watchTimer: number | null = null;
    private retryTimer: number | null = null;

    constructor(private readonly options: LiveOptions) {
        this.link = signal<LinkState>({ phase: 'off', since_ms: 0, retry_at_ms: null });
    }

    get state(): ReadonlySignal<LinkState> {
        return this.link;
    }

    start(): void {
        if (this.watchTimer !== null) {
            return;
        }
        const now_ms = this.options.now_ms();
        this.heard_ms = now_ms;
        this.link.value = { phase: 'connecting', since_ms: now_ms, retry_at_ms: null };
        this.connect();
        this.watch();
    }

    stop(): void {
        this.clear('watchTimer');
        this.clear('retryTimer');
        this.drop();
        this.attempt = 0;
        this.wasLive = false;
        this.link.value = { phase: 'off', since_ms: this.options.now_ms(), retry_at_ms: null };
    }

    /** Does not wait for the next planned try. */
    retryNow(): void {
        if (this.watchTimer !== null && !this.isOpen) {
            this.clear('retryTimer');
            this.drop();
            this.connect();
        }
    }

    follow(request: FollowRequest, handler: FollowHandler): Follow {
        const entry: Entry = { id: this.nextId++, request, handler };
        this.entries.set(entry.id, entry);
        this.noteRequests();
        this.sendFollow(entry);
        return {
            change: (changed) => this.change(entry, changed),
            stop: () => this.forget(entry),
        };
    }

    /** What is followed now, for the API line. */
    get followed(): ReadonlySignal<readonly FollowRequest[]> {
        return this.requests;
    }

    private noteRequests(): void {
        this.requests.value = [...this.entries.values()].map((entry) => entry.request);
    }

    private change(entry: Entry, request: FollowRequest): void {
        if (!this.entries.has(entry.id)) {
            return;
        }
        this.forget(entry);
        entry.id = this.nextId++;
        entry.request = request;
        this.entries.set(entry.id, entry);
        this.noteRequests();
        this.sendFollow(entry);
    }

    private forget(entry: Entry): void {
        if (!this.entries.delete(entry.id)) {
            return;
        }
        this.noteRequests();
        if (this.isOpen) {
            this.socket?.send(JSON.stringify({ op: 'unfollow', id: entry.id }));
        }
    }

    private sendFollow(entry: Entry): void {
        if (this.isOpen) {
            this.socket?.send(JSON.stringify({ op: 'follow', id: entry.id, ...entry.request }));
        }
    }

    private connect(): void {
        const socket = this.options.open();
        this.socket = socket;
        socket.onopen = () => this.opened(socket);
        socket.onmessage = (event) => this.received(socket, event.data);
        socket.onclose = () => this.closed(socket);
    }

    private opened(socket: SocketLike): void {
        if (socket !== this.socket) {
            return;
        }
        this.isOpen = true;
        this.opened_ms = this.options.now_ms();
        const isResumed = this.wasLive;
        this.wasLive = true;
        for (const entry of this.entries.values()) {
            this.sendFollow(entry);
        }
        if (isResumed) {
            for (const entry of [...this.entries.values()]) {
                entry.handler.onResume?.();
            }
        }
    }

    private heard(): void {
        this.heard_ms = this.options.now_ms();
        this.attempt = 0;
        if (this.link.peek().phase !== 'live') {
            this.link.value = { phase: 'live', since_ms: this.heard_ms, retry_at_ms: null };
        }
    }

    private received(socket: SocketLike, raw: unknown): void {
        if (socket !== this.socket) {
            return;
        }
        this.heard();
        const message = parseMessage(raw);
        const entry = message === null ? undefined : this.entries.get(message.id);
        if (!message || !entry) {
            return;
        }
        if (message.error) {
            entry.handler.onProblem?.(message.error);
        } else {
            entry.handler.onData(message.data);
        }
    }

    private closed(socket: SocketLike): void {
        if (socket !== this.socket) {
            return;
        }
        this.drop();
        const delay_ms = retryDelay_ms(this.attempt, this.options.random());
        this.attempt += 1;
        this.markStale(this.options.now_ms() + delay_ms);
        this.clear('retryTimer');
        this.retryTimer = this.options.setTimer(() => {
            this.retryTimer = null;
            this.connect();
        }, delay_ms);
    }

    private markStale(retry_at_ms: number): void {
        const before = this.link.peek();
        const since_ms = before.phase === 'stale' ? before.since_ms : this.heard_ms;
        this.link.value = { phase: 'stale', since_ms, retry_at_ms };
    }

    private watch(): void {
        this.watchTimer = this.options.setTimer(() => {
            this.watch();
            const alive_ms = Math.max(this.heard_ms, this.opened_ms);
            if (this.isOpen && this.options.now_ms() - alive_ms > stale_after_ms) {
                const socket = this.socket;
                if (socket) {
                    this.closed(socket);
                }
            }
        }, watch_every_ms);
    }

    private drop(): void {
        const socket = this.socket;
        this.socket = null;
        this.isOpen = false;
        if (socket) {
            socket.onopen = null;
            socket.onmessage = null;
            socket.onclose = null;
            socket.close();
        }
    }

    private clear(name: 'watchTimer' | 'retryTimer'): void {
        const timer = this[name];
        if (timer !== null) {
            this.options.clearTimer(timer);
            this[name] = null;
        }
    }
}

interface Incoming {
    id: number;
    data: unknown;
    error: Problem | null;
}

function parseMessage(raw: unknown): Incoming | null {
    if (typeof raw !== 'string') {
        return null;
    }
    let value: unknown;
    try {
        value = JSON.parse(raw);
    } catch {
        return null;
    }
    if (typeof value !== 'object' || value === null) {
        return null;
    }
    const fields = value as { id?: unknown; data?: unknown; error?: Problem };
    if (typeof fields.id !== 'number') {
        return null;
    }
    return { id: fields.id, data: fields.data, error: fields.error ?? null };
}
