/* One machine: is it there, what does it send and take, what is its session, its messages as they
   come. */

import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import type { Place } from '../app/router';
import type { Scope } from '../app/scope';
import { loading, valueOf, type Load, type Page } from '../app/store';
import { asCurl, problemText } from '../api/client';
import type {
    List,
    Machine,
    MachineDetail,
    MachinesChange,
    Message,
    MessagesChange,
} from '../api/types';
import type { FlowData } from '../chart/series';
import { Bars, Empty, Failed } from '../ui/states';
import { Head } from '../ui/section';
import { MachineView } from './machine_view';
import { extendRates, noRates } from './rates';
import './machine.css';

export interface LogLine extends Message {
    /** Counts up as messages arrive; keeps a row itself when others come before it. */
    number: number;
    /** It came while the page was open: the row shows so for a moment. */
    isFresh: boolean;
}

export interface MachineState {
    id: string;
    path: string;
    detail: Signal<Load<MachineDetail>>;
    /** The newest values: the live ones over those of the detail. */
    now: ReadonlySignal<MachineDetail | null>;
    rates: Signal<FlowData>;
    cursor: Signal<number | null>;
    log: Signal<readonly LogLine[]>;
    logProblem: Signal<string | null>;
    /** It was here while this page was open, and left without a session. */
    isGone: Signal<boolean>;
    skipped: Signal<number>;
    isPaused: Signal<boolean>;
    showsIn: Signal<boolean>;
    showsOut: Signal<boolean>;
    retry: () => void;
}

const detail_every_ms = 10_000;
export const log_kept_max = 200;
/** More than these at once are a stream: then no row is lit up. */
const fresh_max = 3;

export function openMachine(app: App, place: Place, scope: Scope): Page {
    const id = place.route.name === 'machine' ? place.route.id : '';
    const live = signal<Machine | null>(null);
    const state = createState(id, live);
    let seenEvent = valueOf(app.store.events.peek())?.find((event) => event.machine === id)?.at;
    const read = async (): Promise<void> => {
        const result = await scope.get<MachineDetail>(state.path);
        if (result.ok) {
            state.detail.value = { phase: 'ready', value: result.value };
            if (live.peek() === null) {
                takeRates(app, state, result.value);
            }
        } else if (!scope.isClosed) {
            const isUnknown = result.problem.status === 404;
            const wasReady = state.detail.peek().phase === 'ready';
            state.isGone.value ||= isUnknown && wasReady;
            if (isUnknown || !wasReady) {
                state.detail.value = { phase: 'failed', problem: result.problem };
            }
        }
    };
    state.retry = () => {
        state.detail.value = loading;
        void read();
    };
    void read();
    scope.every(detail_every_ms, () => void read());
    scope.effect(() => {
        const newest = valueOf(app.store.events.value)?.find((event) => event.machine === id);
        if (newest && newest.at !== seenEvent) {
            seenEvent = newest.at;
            void read();
        }
    });
    scope.follow(
        { channel: 'machines', ids: [id] },
        {
            onData: (data) => {
                const machine = (data as MachinesChange).machines?.find((one) => one.id === id);
                if (machine) {
                    scope.post('machine', () => {
                        const wasOnline = live.peek()?.online ?? machine.online;
                        live.value = machine;
                        takeRates(app, state, machine);
                        if (wasOnline !== machine.online) {
                            void read();
                        }
                    });
                }
            },
            onResume: () => void read(),
        },
    );
    followLog(scope, state);
    return {
        view: () => <MachinePage app={app} state={state} />,
        onKey: (event) => {
            if (event.key === ' ' && event.target === document.body) {
                state.isPaused.value = !state.isPaused.peek();
                return true;
            }
            return false;
        },
    };
}

function createState(id: string, live: Signal<Machine | null>): MachineState {
    const detail = signal<Load<MachineDetail>>(loading);
    return {
        id,
        path: `/api/v1/machines/${encodeURIComponent(id)}`,
        detail,
        now: computed(() => {
            const known = valueOf(detail.value);
            return known ? { ...known, ...(live.value ?? {}) } : null;
        }),
        rates: signal(noRates()),
        cursor: signal(null),
        log: signal([]),
        logProblem: signal(null),
        isGone: signal(false),
        skipped: signal(0),
        isPaused: signal(false),
        showsIn: signal(true),
        showsOut: signal(true),
        retry: () => {},
    };
}

function takeRates(app: App, state: MachineState, machine: Machine): void {
    const now_s = (Date.now() - app.store.skew_ms.peek()) / 1000;
    state.rates.value = extendRates(state.rates.peek(), machine, now_s);
}

/** Newest first; a pause keeps what is shown, and takes up what came meanwhile when it ends. */
function followLog(scope: Scope, state: MachineState): void {
    let number = 0;
    let pending: Message[] = [];
    let skipped = 0;
    let isRead = false;
    const add = (fresh: readonly Message[]): void => {
        const isFresh = isRead && fresh.length <= fresh_max;
        const lines = fresh.map((message) => ({ ...message, number: (number += 1), isFresh }));
        state.log.value = [...lines.reverse(), ...state.log.peek()].slice(0, log_kept_max);
    };
    const flush = (): void => {
        if (state.isPaused.peek()) {
            return;
        }
        add(pending);
        state.skipped.value = skipped;
        pending = [];
    };
    void scope.get<List<Message>>(`${state.path}/messages?limit=100`).then((result) => {
        if (result.ok) {
            const known = [...result.value.items].sort((a, b) => (a.at < b.at ? -1 : 1));
            pending = [...known, ...pending];
            flush();
            isRead = true;
        } else if (!scope.isClosed) {
            state.logProblem.value = problemText(result.problem);
        }
    });
    scope.follow(
        { channel: 'messages', client: state.id, rate_max: 50 },
        {
            onData: (data) => {
                const change = data as MessagesChange;
                pending.push(...(change.messages ?? []));
                pending.splice(0, Math.max(0, pending.length - log_kept_max));
                skipped += change.skipped ?? 0;
                scope.post('log', flush);
            },
            onProblem: (problem) => (state.logProblem.value = problemText(problem)),
        },
    );
    scope.effect(() => {
        if (!state.isPaused.value) {
            scope.post('log', flush);
        }
    });
}

function Unknown({ state, text }: { state: MachineState; text: string }): VNode {
    const isGone = state.isGone.value;
    return (
        <Empty
            title={isGone ? `${state.id} is gone` : 'No machine has this name'}
            actions={
                <>
                    <a class="btn pri" href="/machines">
                        Show all machines
                    </a>
                    <a class="btn" href="/connect">
                        Connect a machine
                    </a>
                </>
            }
        >
            <p>
                {isGone
                    ? 'Its session ended with its connection, so the node keeps nothing of it.'
                    : text}{' '}
                This page shows it when it connects.
            </p>
        </Empty>
    );
}

function MachinePage({ app, state }: { app: App; state: MachineState }): VNode {
    const detail = state.detail.value;
    const curl = asCurl({ method: 'GET', path: state.path, body: null }, app.origin);
    if (detail.phase === 'loading') {
        return (
            <>
                <Head title={state.id} />
                <div class="alone">
                    <Bars rows={6} what={state.id} />
                </div>
            </>
        );
    }
    if (detail.phase === 'failed') {
        return (
            <>
                <Head title={state.id} />
                <div class="alone">
                    {detail.problem.status === 404 ? (
                        <Unknown state={state} text={problemText(detail.problem)} />
                    ) : (
                        <Failed
                            what={state.id}
                            problem={detail.problem}
                            node={app.store.nodeName.value}
                            onRetry={state.retry}
                        />
                    )}
                </div>
            </>
        );
    }
    return <MachineView app={app} state={state} curl={curl} />;
}
