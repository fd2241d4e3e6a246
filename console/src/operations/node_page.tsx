/* Operations, first part: facts of the node, live. */

import type { VNode } from 'preact';
import type { App } from '../app/app';
import { valueOf, type Page } from '../app/store';
import type { NodeInfo, Stats } from '../api/types';
import { thin } from '../home/trail';
import { bytes, bytesText, count, milliseconds, plural, rate } from '../format/number';
import { absolute, duration, parseTime } from '../format/time';
import { Section } from '../ui/section';
import { Pill, Shape } from '../ui/shape';
import { Stat, type StatProps } from '../ui/stat';
import { Bars, Failed } from '../ui/states';
import { OperationsFrame } from './frame';

export function openNode(app: App): Page {
    return { view: () => <Node app={app} /> };
}

function Node({ app }: { app: App }): VNode {
    const node = app.store.node.value;
    const info = valueOf(node);
    return (
        <OperationsFrame
            app={app}
            tab="node"
            needs="viewer"
            what="Seeing the node"
            sentence={info === null ? 'How this node runs.' : sentenceOf(app, info)}
        >
            {() =>
                node.phase === 'failed' ? (
                    <div class="alone">
                        <Failed
                            what="The node"
                            problem={node.problem}
                            node={app.store.nodeName.value}
                            onRetry={() => app.readShared()}
                        />
                    </div>
                ) : info === null ? (
                    <div class="alone">
                        <Bars rows={6} what="the node" />
                    </div>
                ) : (
                    <Parts app={app} node={info} />
                )
            }
        </OperationsFrame>
    );
}

function sentenceOf(app: App, node: NodeInfo): string {
    const up = duration(upFor_ms(app, node));
    return node.store.state === 'healthy'
        ? `${node.name} has run for ${up}, and its store writes.`
        : `${node.name} has run for ${up}; its store cannot write.`;
}

function upFor_ms(app: App, node: NodeInfo): number {
    return app.store.now_ms.value - (parseTime(node.started_at) ?? app.store.now_ms.value);
}

function Parts({ app, node }: { app: App; node: NodeInfo }): VNode {
    const stats = valueOf(app.store.stats.value);
    const isStale = app.live.state.value.phase === 'stale';
    return (
        <>
            <div class="stats">
                {tilesOf(app, node, stats).map((tile) => (
                    <Stat key={tile.label} {...tile} isStale={isStale} isLoading={stats === null} />
                ))}
            </div>
            <div class="cols c-2">
                <Section title="Process">
                    <dl class="kv facts">
                        <dt>Name</dt>
                        <dd class="fact">{node.name}</dd>
                        <dt>Version</dt>
                        <dd class="fact">{node.version}</dd>
                        <dt>Started</dt>
                        <dd class="fact">{absolute(parseTime(node.started_at) ?? 0)}</dd>
                        <dt>Process</dt>
                        <dd class="fact">{node.pid}</dd>
                        <dt>Workers</dt>
                        <dd class="fact">{plural(node.shards, 'thread')}, one a core at most</dd>
                        <dt>Answers to</dt>
                        <dd class="fact">{node.hosts.join(', ')}</dd>
                        <dt>Store</dt>
                        <dd class="fact">
                            {node.store.state === 'healthy' ? (
                                <Pill status="ok">writes</Pill>
                            ) : (
                                <Pill status="crit">{node.store.reason ?? node.store.state}</Pill>
                            )}
                        </dd>
                    </dl>
                </Section>
                <Section
                    title="Listens on"
                    actions={
                        <a class="btn quiet sm" href="/security#listeners">
                            How safely
                        </a>
                    }
                >
                    <dl class="kv facts">
                        {node.listeners.map((listener) => (
                            <>
                                <dt>{listener.kind}</dt>
                                <dd class="row wrap">
                                    <code>{listener.address}</code>
                                    {listener.tls && <span class="tag">TLS</span>}
                                    {listener.insecure && (
                                        <span class="row">
                                            <Shape status="crit" /> insecure
                                        </span>
                                    )}
                                </dd>
                            </>
                        ))}
                    </dl>
                    <h3 class="sub">For programs</h3>
                    <dl class="kv facts">
                        <dt>Metrics</dt>
                        <dd>
                            <a href="/metrics">/metrics</a>, for Prometheus
                        </dd>
                        <dt>Ready</dt>
                        <dd>
                            <a href="/readyz">/readyz</a>
                        </dd>
                        <dt>API</dt>
                        <dd>
                            <a href="/api/openapi.json">/api/openapi.json</a>
                        </dd>
                    </dl>
                </Section>
            </div>
        </>
    );
}

function tilesOf(app: App, node: NodeInfo, stats: Stats | null): StatProps[] {
    const samples = app.store.samples.value;
    const sampled = (read: (one: Stats) => number | null): (number | null)[] =>
        thin(samples.map(read));
    const memory = bytes(stats?.resident_bytes ?? 0);
    const commit = milliseconds(stats?.commit_ms_max ?? 0);
    const up = duration(upFor_ms(app, node));
    return [
        { label: 'Up for', value: up, note: `kith ${node.version}` },
        {
            label: 'Memory',
            ...memory,
            note: 'resident, of the whole process',
            spark: sampled((one) => one.resident_bytes),
        },
        {
            label: 'Connections',
            value: count(stats?.connections ?? 0),
            note: `${plural(stats?.sessions ?? 0, 'session')} in all`,
            spark: sampled((one) => one.connections),
        },
        {
            label: 'In',
            value: rate(Math.round(stats?.messages_in_per_s ?? 0)),
            unit: 'msg/s',
            note: `${bytesText(stats?.bytes_in_per_s ?? 0)}/s`,
            spark: sampled((one) => one.messages_in_per_s),
            sparkOptions: { lowest: 0 },
        },
        {
            label: 'Out',
            value: rate(Math.round(stats?.messages_out_per_s ?? 0)),
            unit: 'msg/s',
            note: `${bytesText(stats?.bytes_out_per_s ?? 0)}/s`,
            spark: sampled((one) => one.messages_out_per_s),
            sparkOptions: { lowest: 0 },
        },
        {
            label: 'Slowest commit',
            ...commit,
            note: `${bytesText(stats?.stored_bytes ?? 0)} stored`,
            spark: sampled((one) => one.commit_ms_max),
            sparkOptions: { lowest: 0 },
        },
    ];
}
