/* Home: what is true now, what needs a person, what flows, what changed, what to do next. */

import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { ComponentChildren, VNode } from 'preact';
import type { App } from '../app/app';
import type { Place } from '../app/router';
import type { Scope } from '../app/scope';
import { loading, valueOf, type Load, type Page } from '../app/store';
import { query } from '../api/client';
import type { Usage } from '../api/types';
import type { FlowData } from '../chart/series';
import { Icon } from '../ui/icon';
import { Head } from '../ui/section';
import { Bars, Empty, Failed } from '../ui/states';
import { Flow } from './flow';
import { Changes, Health, Needs, NextSteps } from './lists';
import { marksOf } from './marks';
import { Tiles } from './tiles';
import { extendTrail, step_s, trailOf, window_s, type Trail } from './trail';
import { headline } from './words';
import './home.css';

export interface HomeState {
    trail: Signal<Load<Trail>>;
    flow: ReadonlySignal<FlowData>;
    /** Point under the cursor of the flow chart. */
    cursor: Signal<number | null>;
    retry: () => void;
}

export function openHome(app: App, _place: Place, scope: Scope): Page {
    const trail = signal<Load<Trail>>(loading);
    const read = async (): Promise<void> => {
        const path = `/api/v1/usage${query({ window_s, step_s })}`;
        const result = await scope.get<Usage>(path);
        if (result.ok) {
            trail.value = { phase: 'ready', value: trailOf(result.value) };
        } else if (!scope.isClosed) {
            trail.value = { phase: 'failed', problem: result.problem };
        }
    };
    void read();
    let wasStale = false;
    scope.effect(() => {
        const phase = app.live.state.value.phase;
        if (phase === 'live' && wasStale) {
            void read();
        }
        wasStale = phase === 'stale';
    });
    scope.effect(() => {
        const stats = valueOf(app.store.stats.value);
        const known = trail.peek();
        if (stats && known.phase === 'ready' && !app.isStill) {
            trail.value = { phase: 'ready', value: extendTrail(known.value, stats) };
        }
    });
    const state: HomeState = {
        trail,
        flow: computed(() => flowOf(app, valueOf(trail.value))),
        cursor: signal(null),
        retry: () => {
            trail.value = loading;
            void read();
        },
    };
    return { view: () => <Home app={app} state={state} /> };
}

/** The picture of a node that just started has a minute, and grows. */
const window_min_s = 60;

function flowOf(app: App, trail: Trail | null): FlowData {
    const to_s = trail?.at_s.at(-1) ?? Math.floor(app.store.now_ms.peek() / 1000);
    const from_s = Math.max(to_s - window_s, Math.min(trail?.at_s[0] ?? to_s, to_s - window_min_s));
    const events = valueOf(app.store.events.value) ?? [];
    const machines = valueOf(app.store.stats.peek())?.machines_known ?? 0;
    return {
        from_s,
        to_s,
        at_s: trail?.at_s ?? [],
        up: trail?.series.messages_in_per_s ?? [],
        down: trail?.series.messages_out_per_s ?? [],
        marks: marksOf(events, machines, [from_s, to_s]),
    };
}

function headText(app: App): ComponentChildren {
    const stats = app.store.stats.value;
    if (stats.phase === 'loading') {
        return <span class="sk sk-line" />;
    }
    return stats.phase === 'ready'
        ? headline(stats.value, app.store.needs.value)
        : 'Its counters could not be read: what is true now is not known.';
}

function Home({ app, state }: { app: App; state: HomeState }): VNode {
    const stats = valueOf(app.store.stats.value);
    const isFresh = stats?.machines_known === 0;
    return (
        <>
            <Head
                title={app.store.nodeName.value}
                actions={
                    <a class={isFresh ? 'btn pri' : 'btn'} href="/connect">
                        <Icon name="plus" />
                        Connect a machine
                    </a>
                }
            >
                <p>{headText(app)}</p>
            </Head>
            <FlowOrState app={app} state={state} isFresh={isFresh} />
            <Tiles app={app} trail={valueOf(state.trail.value)} />
            <div class="cols mid">
                <Needs app={app} />
                <Health app={app} />
                <div>
                    <Changes app={app} />
                    <NextSteps app={app} />
                </div>
            </div>
        </>
    );
}

function FlowOrState({
    app,
    state,
    isFresh,
}: {
    app: App;
    state: HomeState;
    isFresh: boolean;
}): VNode {
    const trail = state.trail.value;
    if (trail.phase === 'failed') {
        return (
            <div class="alone">
                <Failed
                    what="The flow of messages"
                    problem={trail.problem}
                    node={app.store.nodeName.value}
                    still="Live values go on."
                    onRetry={state.retry}
                />
            </div>
        );
    }
    if (isFresh) {
        return (
            <div class="alone flow-empty">
                <Empty
                    title="The flow of messages appears here"
                    actions={
                        <a class="btn pri" href="/connect">
                            Connect a first machine
                        </a>
                    }
                >
                    <p>
                        Any MQTT client will do. For example, in a shell on this computer:{' '}
                        <code>kith pub -t home/kitchen/temp_c -m 21.5</code>
                    </p>
                </Empty>
            </div>
        );
    }
    if (trail.phase === 'loading') {
        return (
            <div class="alone flow-wait">
                <Bars rows={3} what="the last ten minutes" />
            </div>
        );
    }
    return <Flow app={app} state={state} />;
}
