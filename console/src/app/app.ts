/* The application: wires store, client, live feed and router together, and keeps what the whole
   console shows (session, node, stats, events) up to date. main.tsx makes the only one. */

import { batch, effect, untracked } from '@preact/signals';
import type { VNode } from 'preact';
import { problemText, Client, codeNoAnswer } from '../api/client';
import type { LinkPhase, LiveFeed } from '../api/live';
import type { ClaimState, List, NodeEvent, NodeInfo, Problem, Session, Stats } from '../api/types';
import { parseTime } from '../format/time';
import type { Frame } from './frame';
import { loadPage, titleOf } from './pages';
import type { Keep, Prefs } from './prefs';
import type { Place, Router } from './router';
import { Scope } from './scope';
import {
    addSample,
    addToast,
    createStore,
    events_kept_max,
    loading,
    mayAct,
    mergeEvents,
    noteCall,
    valueOf,
    type Page,
    type Store,
} from './store';

export interface AppOptions {
    router: Router;
    frame: Frame;
    prefs: Prefs;
    keep: Keep;
    /** Screenshots: nothing moves after the first data. */
    isStill: boolean;
    fetch: typeof fetch;
    makeFeed: () => LiveFeed;
    now_ms: () => number;
    origin: string;
}

/** Below this the difference is the way of the message, not the clock. */
const skew_min_ms = 2_000;
const node_every_ms = 30_000;
const announce_every_ms = 5_000;
const toast_ms = 5_000;
const problem_toast_ms = 12_000;

export class App {
    readonly store: Store;
    readonly client: Client;
    readonly live: LiveFeed;
    readonly router: Router;
    readonly frame: Frame;
    readonly prefs: Prefs;
    readonly keep: Keep;
    readonly isStill: boolean;
    readonly origin: string;
    private readonly now_ms: () => number;
    private scope: Scope | null = null;
    private shared: Scope | null = null;
    private openKey = '';
    private readAll: () => void = () => {};
    private nextToast = 1;

    constructor(options: AppOptions) {
        this.store = createStore(options.now_ms());
        this.router = options.router;
        this.frame = options.frame;
        this.prefs = options.prefs;
        this.keep = options.keep;
        this.isStill = options.isStill;
        this.origin = options.origin;
        this.now_ms = options.now_ms;
        this.live = options.makeFeed();
        this.client = new Client({
            fetch: options.fetch,
            now_ms: options.now_ms,
            onCall: (call) => {
                this.store.calls.value = noteCall(this.store.calls.peek(), call);
            },
            onSignedOut: () => this.leave(),
        });
    }

    async start(): Promise<void> {
        if (!this.isStill) {
            setInterval(() => this.tick(), 1_000);
        }
        effect(() => {
            const place = this.router.place.value;
            const phase = this.store.session.value.phase;
            if (phase === 'in' || phase === 'out') {
                untracked(() => void this.show(place, phase === 'in'));
            }
        });
        this.announceChanges();
        await this.resume();
    }

    /** What a screen reader should hear of by itself; more often than that is noise. */
    private announceChanges(): void {
        let before: LinkPhase = 'off';
        let spoken_ms = 0;
        const say = (text: string): void => {
            const now_ms = this.now_ms();
            if (now_ms - spoken_ms > announce_every_ms) {
                spoken_ms = now_ms;
                this.store.announcement.value = text;
            }
        };
        effect(() => {
            const { phase } = this.live.state.value;
            if (phase === 'stale' && before !== 'stale') {
                say('Not live: you hear the last known values.');
            } else if (phase === 'live' && before === 'stale') {
                say('Live again.');
            }
            before = phase;
        });
        effect(() => {
            const worst = this.store.needs.value[0];
            if (worst?.level === 'crit') {
                untracked(() => say(worst.title));
            }
        });
    }

    /** Asks whether a session exists; what follows depends on the answer. */
    async resume(): Promise<void> {
        this.store.session.value = { phase: 'unknown' };
        const result = await this.client.get<Session>('/api/v1/session', { isSecret: true });
        if (result.ok) {
            this.enter(result.value);
        } else if (result.problem.status === 401) {
            await this.askWhoThisIs();
            this.store.session.value = { phase: 'out' };
        } else {
            this.store.session.value = { phase: 'failed', problem: result.problem };
        }
    }

    /** Before sign-in a node tells its name, and nothing else. */
    private async askWhoThisIs(): Promise<void> {
        const result = await this.client.get<ClaimState>('/api/v1/claim', { isSecret: true });
        if (result.ok) {
            this.store.nodeName.value = result.value.node;
            this.store.isClaimable.value = result.value.claimable;
        }
    }

    enter(session: Session): void {
        this.client.useToken(session.csrf_token);
        batch(() => {
            this.store.nodeName.value = session.node;
            this.store.session.value = { phase: 'in', session };
        });
        this.shared?.close();
        this.shared = new Scope(this);
        this.keepShared(this.shared);
        this.live.start();
    }

    leave(): void {
        if (this.store.session.peek().phase !== 'in') {
            return;
        }
        this.live.stop();
        this.shared?.close();
        this.shared = null;
        this.client.useToken('');
        batch(() => {
            this.store.node.value = loading;
            this.store.stats.value = loading;
            this.store.events.value = loading;
            this.store.samples.value = [];
            this.store.dialog.value = null;
            this.store.session.value = { phase: 'out' };
        });
        void this.askWhoThisIs();
    }

    async signOut(): Promise<void> {
        await this.client.remove('/api/v1/session');
        this.leave();
        this.router.go('/');
    }

    mayAct(role: 'admin' | 'operator'): boolean {
        return mayAct(this.store.session.value, role);
    }

    toast(text: string): void {
        this.addToast(text, false);
    }

    /** What the reader tried did not happen: says what and why. */
    toastProblem(what: string, problem: Problem): void {
        this.addToast(`${what}: ${problemText(problem)}`, true);
    }

    dismissToast(id: number): void {
        this.store.toasts.value = this.store.toasts.peek().filter((toast) => toast.id !== id);
    }

    openDialog(view: () => VNode): void {
        this.store.dialog.value = view;
    }

    closeDialog(): void {
        this.store.dialog.value = null;
    }

    /** Reads node, stats and events again, after that failed. */
    readShared(): void {
        this.readAll();
    }

    private addToast(text: string, isProblem: boolean): void {
        const id = this.nextToast++;
        this.store.toasts.value = addToast(this.store.toasts.peek(), { id, text, isProblem });
        setTimeout(() => this.dismissToast(id), isProblem ? problem_toast_ms : toast_ms);
    }

    private tick(): void {
        this.store.now_ms.value = this.now_ms() - this.store.skew_ms.peek();
    }

    private keepShared(scope: Scope): void {
        const { store } = this;
        const readNode = async (): Promise<void> => {
            const result = await scope.get<NodeInfo>('/api/v1/node');
            if (result.ok) {
                store.node.value = { phase: 'ready', value: result.value };
            } else if (store.node.peek().phase !== 'ready' && !scope.isClosed) {
                store.node.value = { phase: 'failed', problem: result.problem };
            }
        };
        this.readAll = () => {
            void readNode();
            void this.readStats(scope);
            void this.readEvents(scope);
        };
        this.readAll();
        scope.every(node_every_ms, () => void readNode());
        scope.follow(
            { channel: 'stats' },
            {
                onData: (data) => scope.post('stats', () => this.takeStats(data as Stats)),
                onResume: () => this.readAll(),
            },
        );
        const fresh: NodeEvent[] = [];
        scope.follow(
            { channel: 'events' },
            {
                onData: (data) => {
                    const event = data as NodeEvent;
                    fresh.unshift(event);
                    fresh.length = Math.min(fresh.length, events_kept_max);
                    scope.post('events', () => this.takeEvents(fresh.splice(0)));
                    if (event.kind.startsWith('store_')) {
                        void readNode();
                    }
                },
            },
        );
    }

    private async readStats(scope: Scope): Promise<void> {
        const result = await scope.get<Stats>('/api/v1/stats');
        if (result.ok) {
            this.takeStats(result.value);
        } else if (this.store.stats.peek().phase !== 'ready' && !scope.isClosed) {
            this.store.stats.value = { phase: 'failed', problem: result.problem };
        }
    }

    private async readEvents(scope: Scope): Promise<void> {
        const result = await scope.get<List<NodeEvent>>('/api/v1/events?limit=50');
        if (result.ok) {
            this.takeEvents(result.value.items);
        } else if (this.store.events.peek().phase !== 'ready' && !scope.isClosed) {
            this.store.events.value = { phase: 'failed', problem: result.problem };
        }
    }

    private takeStats(stats: Stats): void {
        const at_ms = parseTime(stats.at);
        const skew_ms = at_ms === null ? 0 : this.now_ms() - at_ms;
        batch(() => {
            this.store.skew_ms.value = Math.abs(skew_ms) > skew_min_ms ? skew_ms : 0;
            this.store.samples.value = addSample(this.store.samples.peek(), stats);
            this.store.stats.value = { phase: 'ready', value: stats };
        });
        this.tick();
    }

    private takeEvents(fresh: readonly NodeEvent[]): void {
        const known = valueOf(this.store.events.peek()) ?? [];
        this.store.events.value = { phase: 'ready', value: mergeEvents(known, fresh) };
    }

    /** Opens the page of a place; a place that only changed its query keeps its page. */
    private async show(place: Place, isIn: boolean): Promise<void> {
        const isDoor = place.route.name === 'signin' || place.route.name === 'claim';
        if (isIn && isDoor) {
            this.router.go('/');
            return;
        }
        const route =
            isIn || place.route.name === 'claim' ? place.route : { name: 'signin' as const };
        const key = JSON.stringify(route);
        if (key === this.openKey) {
            const page = valueOf(this.store.page.peek());
            page?.onQuery?.(place.query);
            return;
        }
        const isFirst = this.openKey === '';
        this.openKey = key;
        this.scope?.close();
        const scope = new Scope(this);
        this.scope = scope;
        batch(() => {
            this.store.page.value = loading;
            this.store.calls.value = [];
            this.store.dialog.value = null;
        });
        document.title = `${titleOf(route)} · Kith`;
        const page = await this.openPage(place, route, scope);
        if (page === null) {
            return;
        }
        this.store.page.value = page;
        if (!isFirst) {
            focusMain();
        }
    }

    private async openPage(
        place: Place,
        route: Place['route'],
        scope: Scope,
    ): Promise<Store['page']['value'] | null> {
        try {
            const open = await loadPage(route);
            if (scope.isClosed) {
                return null;
            }
            const page: Page = open(this, { ...place, route }, scope);
            return { phase: 'ready', value: page };
        } catch {
            const problem: Problem = {
                title: 'This page could not be loaded',
                status: 0,
                detail: 'Its script did not arrive. After an update, load the console again.',
                code: codeNoAnswer,
            };
            return scope.isClosed ? null : { phase: 'failed', problem };
        }
    }
}

/** A screen reader starts at the top of the new page; the eye too. */
function focusMain(): void {
    window.scrollTo(0, 0);
    document.getElementById('main')?.focus({ preventScroll: true });
}
