/* Queues: what waits, who is slow, and what was dropped for which reason. */

import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import { pathOf, type Place } from '../app/router';
import { Resource } from '../app/resource';
import type { Scope } from '../app/scope';
import { loading, valueOf, type Load, type Page } from '../app/store';
import { queueLimit } from '../app/needs';
import type { List, SlowClient, Usage } from '../api/types';
import { TrendChart } from '../chart/chart';
import type { TrendData } from '../chart/series';
import { bytes, bytesText, count, plural, rate, tally } from '../format/number';
import { clock, duration, parseTime } from '../format/time';
import { thin } from '../home/trail';
import { Loaded } from '../ui/loaded';
import { Section } from '../ui/section';
import { Pill } from '../ui/shape';
import { Spark } from '../ui/spark';
import { Stat } from '../ui/stat';
import { Bars, Failed } from '../ui/states';
import { DataTable } from '../ui/table';
import { OperationsFrame } from './frame';
import { addDropSample, dropRows, readLabelled, readPlain, type DropSample } from './metrics';
import { reasonWords, slowText } from './words';

interface State {
    slow: Resource<List<SlowClient>>;
    slowRows: ReadonlySignal<readonly SlowClient[]>;
    usage: Resource<Usage>;
    trend: ReadonlySignal<TrendData>;
    cursor: Signal<number | null>;
    drops: Signal<Load<readonly DropSample[]>>;
    queued_bytes: Signal<number | null>;
}

const metrics_every_ms = 2_000;
const slow_every_ms = 2_000;
const usage_every_ms = 5_000;
const none: TrendData = { from_s: 0, to_s: 1, at_s: [], values: [], isStepped: false };

export function openQueues(app: App, _place: Place, scope: Scope): Page {
    const slow = new Resource<List<SlowClient>>(app, scope, () => '/api/v1/slow-clients');
    const usage = new Resource<Usage>(app, scope, () => '/api/v1/usage?window_s=600&step_s=2');
    const state: State = {
        slow,
        slowRows: computed(() => slow.value.value?.items ?? []),
        usage,
        trend: computed(() => (usage.value.value === null ? none : trendOf(usage.value.value))),
        cursor: signal(null),
        drops: signal<Load<readonly DropSample[]>>(loading),
        queued_bytes: signal(null),
    };
    if (app.mayAct('operator')) {
        slow.poll(slow_every_ms);
    }
    usage.poll(usage_every_ms);
    const readMetrics = async (): Promise<void> => {
        const result = await scope.getText('/metrics');
        if (scope.isClosed) {
            return;
        }
        if (!result.ok) {
            state.drops.value =
                state.drops.peek().phase === 'ready'
                    ? state.drops.peek()
                    : { phase: 'failed', problem: result.problem };
            return;
        }
        const totals = readLabelled(result.value, 'kith_messages_dropped_total', 'reason');
        const known = valueOf(state.drops.peek()) ?? [];
        const sample = { at_ms: app.store.now_ms.peek(), totals };
        scope.post('drops', () => {
            state.drops.value = { phase: 'ready', value: addDropSample(known, sample) };
            state.queued_bytes.value = readPlain(result.value, 'kith_queued_bytes');
        });
    };
    void readMetrics();
    if (!app.isStill) {
        scope.every(metrics_every_ms, () => {
            if (!document.hidden) {
                void readMetrics();
            }
        });
    }
    return { view: () => <Queues app={app} state={state} /> };
}

function trendOf(usage: Usage): TrendData {
    const end_s = (parseTime(usage.end) ?? 0) / 1000;
    const values = usage.series.queued_messages;
    const from_s = end_s - (values.length - 1) * usage.step_s;
    return {
        from_s,
        to_s: end_s,
        at_s: values.map((_, index) => from_s + index * usage.step_s),
        values,
        isStepped: false,
    };
}

function Queues({ app, state }: { app: App; state: State }): VNode {
    const queued = valueOf(app.store.stats.value)?.queued_messages ?? null;
    const slow = state.slow.value.value?.items ?? null;
    return (
        <OperationsFrame
            app={app}
            tab="queues"
            needs="viewer"
            what="Seeing queues"
            sentence={
                queued === null
                    ? 'What waits for whom, and what was dropped.'
                    : sentenceOf(queued, slow?.length ?? 0)
            }
        >
            {() => (
                <>
                    <Tiles app={app} state={state} />
                    <div class="cols c-21">
                        <Section title="Waiting, last 10 minutes">
                            <Waiting app={app} state={state} />
                        </Section>
                        <Section title="Dropped" note="since this page was opened, by reason">
                            <Drops app={app} state={state} />
                        </Section>
                    </div>
                    <Section title="Slow clients" kind="flush">
                        <SlowClients app={app} state={state} />
                    </Section>
                </>
            )}
        </OperationsFrame>
    );
}

function Tiles({ app, state }: { app: App; state: State }): VNode {
    const stats = valueOf(app.store.stats.value);
    const isStale = app.live.state.value.phase === 'stale';
    const limit = queueLimit(valueOf(app.store.node.value));
    const samples = app.store.samples.value;
    const queued_bytes = state.queued_bytes.value;
    const slow = state.slow.value.value?.items ?? null;
    const shared = { isStale, isLoading: stats === null };
    return (
        <div class="stats">
            <Stat
                label="Waiting"
                value={tally(stats?.queued_messages ?? 0)}
                unit="msg"
                note={limit === null ? 'QoS 1 and 2' : `${count(limit)} a session at most`}
                spark={thin(samples.map((one) => one.queued_messages))}
                sparkOptions={{ lowest: 0 }}
                {...shared}
            />
            <Stat
                label="Waiting, bytes"
                {...(queued_bytes === null ? { value: 'not known' } : bytes(queued_bytes))}
                note="in queues of all sessions"
                {...shared}
            />
            <Stat
                label="Slow clients"
                value={slow === null ? 'not known' : count(slow.length)}
                {...(slow === null ? {} : { unit: slow.length === 1 ? 'client' : 'clients' })}
                note={
                    app.mayAct('operator') ? 'read slower than they are sent' : 'operators see them'
                }
                {...(slow !== null && slow.length > 0 ? { status: 'caution' as const } : {})}
                {...shared}
            />
            <Stat
                label="Dropped"
                value={tally(stats?.dropped_messages_total ?? 0)}
                unit="msg"
                note="since the start"
                spark={thin(samples.map((one) => one.dropped_messages_total))}
                {...shared}
            />
        </div>
    );
}

function Waiting({ app, state }: { app: App; state: State }): VNode {
    return (
        <Loaded app={app} of={state.usage} what="the queues over time" rows={5}>
            {(usage) => {
                const trend = state.trend.value;
                const at = state.cursor.value;
                const values = usage.series.queued_messages;
                const value = at === null ? values.at(-1) : values[at];
                const at_s = at === null ? trend.to_s : (trend.at_s[at] ?? trend.to_s);
                return (
                    <>
                        <p class="chart-read">
                            <b>
                                {value === null || value === undefined
                                    ? 'no value'
                                    : count(Math.round(value))}
                            </b>
                            <u>msg</u>
                            <span class="faint small">
                                {at === null ? 'now' : `at ${clock(at_s * 1000)}`}
                            </span>
                        </p>
                        <TrendChart
                            label="Messages in queues, last 10 minutes"
                            data={state.trend}
                            height_px={(width_px) => (width_px < 560 ? 168 : 280)}
                            paint={app.store.paint}
                            onCursor={(index) => (state.cursor.value = index)}
                            table={() => ({
                                head: ['Time', 'Messages'],
                                rows: trend.at_s
                                    .map((one_s, index) => [
                                        clock(one_s * 1000),
                                        String(values[index] ?? 'no data'),
                                    ])
                                    .filter((_, index) => index % 30 === 0),
                            })}
                        />
                    </>
                );
            }}
        </Loaded>
    );
}

function Drops({ app, state }: { app: App; state: State }): VNode {
    const drops = state.drops.value;
    if (drops.phase === 'loading') {
        return <Bars rows={4} what="what was dropped" />;
    }
    if (drops.phase === 'failed') {
        return (
            <Failed
                what="The counters"
                problem={drops.problem}
                node={app.store.nodeName.value}
                onRetry={() => location.reload()}
            />
        );
    }
    return (
        <div class="drops">
            {dropRows(drops.value).map((row) => {
                const [word, note] = reasonWords(row.reason);
                return (
                    <div class="drop" key={row.reason}>
                        <div>
                            <span class={row.lately > 0 ? 'strong' : ''}>{word}</span>
                            <div class="small faint">{note}</div>
                        </div>
                        <div class="drop-read">
                            <span class="n">
                                {rate(row.rates.at(-1) ?? 0)}
                                <u>msg/s</u>
                            </span>
                            <div class="small faint">
                                {count(row.lately)} new, {count(row.total)} in all
                            </div>
                        </div>
                        <Spark
                            values={row.rates.length === 0 ? [0, 0] : thin(row.rates)}
                            options={{ lowest: 0, highest: 1 }}
                        />
                    </div>
                );
            })}
        </div>
    );
}

function SlowClients({ app, state }: { app: App; state: State }): VNode {
    if (!app.mayAct('operator')) {
        return <p class="inset dim">Who is slow needs the role operator to see.</p>;
    }
    return (
        <div class={state.slowRows.value.length === 0 ? 'inset' : ''}>
            <Loaded app={app} of={state.slow} what="the list of slow clients">
                {() =>
                    state.slowRows.value.length === 0 ? (
                        <p class="dim">
                            Nobody is slow. A client that reads slower than it is sent stands here,
                            with the reason, for example{' '}
                            <code>oven-1 lets 2 400 messages wait</code>.
                        </p>
                    ) : (
                        <DataTable<SlowClient>
                            label="slow clients"
                            rows={state.slowRows}
                            keyOf={(client) => client.client}
                            columns={[
                                {
                                    head: 'Client',
                                    cell: (client) => (
                                        <a href={pathOf({ name: 'machine', id: client.client })}>
                                            {client.client}
                                        </a>
                                    ),
                                },
                                {
                                    head: 'Reason',
                                    cell: (client) => (
                                        <>
                                            <Pill status="caution">{slowText(client)}</Pill>
                                            <div class="only-s small dim">
                                                {bytesText(client.waiting_bytes)} wait,{' '}
                                                {count(client.dropped_messages)} dropped
                                            </div>
                                        </>
                                    ),
                                },
                                {
                                    head: 'Slow for',
                                    kind: 'num x-s',
                                    cell: (client) => duration(client.waits_for_s * 1000),
                                },
                                {
                                    head: 'Waiting',
                                    kind: 'num x-s',
                                    cell: (client) => bytesText(client.waiting_bytes),
                                },
                                {
                                    head: 'In its queue',
                                    kind: 'num x-m',
                                    cell: (client) => plural(client.queued_messages, 'message'),
                                },
                                {
                                    head: 'Held publishers',
                                    kind: 'num x-m',
                                    cell: (client) => plural(client.publishers_held, 'time'),
                                },
                                {
                                    head: 'Dropped',
                                    kind: 'num x-s',
                                    cell: (client) => count(client.dropped_messages),
                                },
                            ]}
                        />
                    )
                }
            </Loaded>
        </div>
    );
}

/** "12 messages wait; 1 client is slow." */
function sentenceOf(queued: number, slow: number): string {
    const waiting =
        queued === 0 ? 'Nothing waits' : plural(queued, 'message waits', 'messages wait');
    const behind = slow === 0 ? '' : `; ${plural(slow, 'client is', 'clients are')} slow`;
    return `${waiting}${behind}.`;
}
