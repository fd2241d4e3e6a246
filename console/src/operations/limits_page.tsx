/* Limits: what each is, how much of it is in use, how often it was reached, and its key. */

import { computed, type ReadonlySignal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import type { Place } from '../app/router';
import { Resource } from '../app/resource';
import type { Scope } from '../app/scope';
import type { Page } from '../app/store';
import type { Limit, List } from '../api/types';
import { count, plural } from '../format/number';
import { CopyButton } from '../ui/button';
import { Loaded } from '../ui/loaded';
import { Section } from '../ui/section';
import { Shape } from '../ui/shape';
import { DataTable } from '../ui/table';
import { When } from '../ui/text';
import { OperationsFrame } from './frame';
import { amountText, limitName, limitStatus, near_share, shareOf, worstFirst } from './words';

const read_every_ms = 3_000;

export function openLimits(app: App, _place: Place, scope: Scope): Page {
    const limits = new Resource<List<Limit>>(app, scope, () => '/api/v1/limits');
    if (app.mayAct('operator')) {
        limits.poll(read_every_ms);
    }
    const rows = computed(() => worstFirst(limits.value.value?.items ?? []));
    return { view: () => <Limits app={app} limits={limits} rows={rows} /> };
}

interface Props {
    app: App;
    limits: Resource<List<Limit>>;
    rows: ReadonlySignal<readonly Limit[]>;
}

function Limits({ app, limits, rows }: Props): VNode {
    return (
        <OperationsFrame
            app={app}
            tab="limits"
            needs="operator"
            what="Seeing limits"
            sentence={sentenceOf(limits.value.value?.items ?? null)}
        >
            {() => (
                <Section title="Limits" note="near and reached ones first" kind="flush">
                    <div class={limits.value.value === null ? 'alone' : ''}>
                        <Loaded app={app} of={limits} what="the limits" rows={8}>
                            {() => <LimitTable app={app} rows={rows} />}
                        </Loaded>
                    </div>
                </Section>
            )}
        </OperationsFrame>
    );
}

function sentenceOf(limits: readonly Limit[] | null): string {
    if (limits === null) {
        return 'Everything has a limit; at one the node refuses politely and counts.';
    }
    const near = limits.filter((limit) => (shareOf(limit) ?? 0) >= near_share).length;
    const reached = limits.filter((limit) => limit.reached_count > 0).length;
    if (near === 0 && reached === 0) {
        return `${plural(limits.length, 'limit')}: none is near, none was reached since the start.`;
    }
    const nearText = plural(near, 'limit is', 'limits are');
    return `${nearText} near; ${plural(reached, 'was', 'were')} reached since the start.`;
}

function LimitTable({ app, rows }: { app: App; rows: Props['rows'] }): VNode {
    return (
        <DataTable<Limit>
            label="limits"
            rows={rows}
            keyOf={(limit) => limit.key + limit.name}
            columns={[
                {
                    head: 'Limit',
                    kind: 'limit-name',
                    cell: (limit) => <b class="strong">{limitName(limit.name)}</b>,
                },
                { head: 'In use', cell: (limit) => <Use limit={limit} /> },
                {
                    head: 'At most',
                    kind: 'num x-s',
                    cell: (limit) =>
                        limit.value === 0 ? (
                            <span class="faint">off</span>
                        ) : (
                            amountText(limit.value, limit.unit)
                        ),
                },
                {
                    head: 'Reached',
                    kind: 'num x-s',
                    cell: (limit) =>
                        limit.reached_count === 0 ? (
                            <span class="faint">0</span>
                        ) : (
                            <>
                                {count(limit.reached_count)}{' '}
                                <span class="faint">
                                    (
                                    <When
                                        at={limit.last_reached_at}
                                        now_ms={app.store.now_ms.value}
                                    />
                                    )
                                </span>
                            </>
                        ),
                },
                {
                    head: 'Key',
                    kind: 'x-m',
                    cell: (limit) =>
                        limit.key === '' ? (
                            <span class="faint">fixed</span>
                        ) : (
                            <span class="row">
                                <code class="ell">{limit.key}</code>
                                <CopyButton
                                    label={<span class="vh">Copy {limit.key}</span>}
                                    text={limit.key}
                                    kind="quiet sm icon"
                                />
                            </span>
                        ),
                },
            ]}
        />
    );
}

/** What has no quantity of the node: a rate, or a limit of each client, session or message. */
function unusedText(limit: Limit): string {
    return limit.unit.includes('/') ? 'a rate' : 'each on its own';
}

function Use({ limit }: { limit: Limit }): VNode {
    const share = shareOf(limit);
    if (limit.used === null || share === null) {
        const most = limit.value === 0 ? 'off' : amountText(limit.value, limit.unit);
        return (
            <span class="faint">
                {limit.used === null ? unusedText(limit) : count(limit.used)}
                <span class="only-s">, {most}</span>
            </span>
        );
    }
    const status = limitStatus(limit);
    return (
        <span class="use">
            {status !== 'ok' && (
                <Shape status={status} label={status === 'crit' ? 'Full' : 'Near'} />
            )}
            <span class="n">
                {amountText(limit.used, limit.unit)}
                <span class="only-s faint"> of {amountText(limit.value, limit.unit)}</span>
            </span>
            <span class="meter" aria-hidden="true">
                <i
                    class={status === 'ok' ? '' : 'hot'}
                    style={{ width: `${(share * 100).toFixed(1)}%` }}
                />
            </span>
        </span>
    );
}
