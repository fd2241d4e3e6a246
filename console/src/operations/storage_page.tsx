/* Storage: whether it writes, how fast, how much lies where, and how the last start read it. */

import type { VNode } from 'preact';
import type { App } from '../app/app';
import type { Place } from '../app/router';
import { Resource } from '../app/resource';
import type { Scope } from '../app/scope';
import type { Page } from '../app/store';
import { sentence } from '../api/client';
import type { Stats, StorageState } from '../api/types';
import { bytes, bytesText, count, milliseconds, plural, tally } from '../format/number';
import { duration } from '../format/time';
import { thin } from '../home/trail';
import { Loaded } from '../ui/loaded';
import { NoteLine, Section } from '../ui/section';
import { Shape } from '../ui/shape';
import { Stat, type StatProps } from '../ui/stat';
import { OperationsFrame } from './frame';

const read_every_ms = 2_000;

export function openStorage(app: App, _place: Place, scope: Scope): Page {
    const storage = new Resource<StorageState>(app, scope, () => '/api/v1/storage');
    if (app.mayAct('operator')) {
        storage.poll(read_every_ms);
    }
    return { view: () => <Storage app={app} storage={storage} /> };
}

interface Props {
    app: App;
    storage: Resource<StorageState>;
}

function Storage({ app, storage }: Props): VNode {
    const value = storage.value.value;
    return (
        <OperationsFrame
            app={app}
            tab="storage"
            needs="operator"
            what="Seeing storage"
            sentence={sentenceOf(value)}
        >
            {() =>
                value === null ? (
                    <div class="alone">
                        <Loaded app={app} of={storage} what="the storage" rows={6}>
                            {() => null}
                        </Loaded>
                    </div>
                ) : (
                    <Loaded app={app} of={storage} what="the storage">
                        {(state) => <Parts app={app} state={state} />}
                    </Loaded>
                )
            }
        </OperationsFrame>
    );
}

function sentenceOf(state: StorageState | null): string {
    if (state === null) {
        return 'Where messages, sessions and rights are kept.';
    }
    const size = bytesText(state.files.reduce((sum, file) => sum + file.bytes, 0));
    const does = state.state === 'ok' ? 'writes' : `is ${state.state}`;
    return `The store ${does}; it keeps ${size} in ${plural(state.files.length, 'file')}.`;
}

function Parts({ app, state }: { app: App; state: StorageState }): VNode {
    const isStale = app.live.state.value.phase === 'stale';
    return (
        <>
            {state.state !== 'ok' && (
                <NoteLine level="crit" shape={<Shape status="crit" label="Problem" />}>
                    <b class="strong">The store is {state.state}.</b>{' '}
                    {state.reason !== null && sentence(state.reason)} What wants to be durable is
                    not confirmed until it writes again; it goes on by itself.
                </NoteLine>
            )}
            <div class="stats">
                {tilesOf(app, state).map((tile) => (
                    <Stat key={tile.label} {...tile} isStale={isStale} />
                ))}
            </div>
            <div class="cols c-2">
                <Section title="Files" note="in the data directory">
                    <Files state={state} />
                </Section>
                <Section title="Recovery">
                    <dl class="kv facts">
                        <dt>Last start</dt>
                        <dd class="fact">
                            read what was kept in {duration(state.last_recovery_ms)}
                        </dd>
                        <dt>Messages for sessions</dt>
                        <dd class="fact">{count(state.messages)}</dd>
                        <dt>In their queues</dt>
                        <dd class="fact">
                            {count(state.queued)}, {bytesText(state.queued_bytes)}
                        </dd>
                        <dt>Waits for the disk</dt>
                        <dd class="fact">{bytesText(state.pending_bytes)}</dd>
                        <dt>Failures</dt>
                        <dd class="fact">{failuresText(state)}</dd>
                        <dt>On disk only</dt>
                        <dd class="fact">
                            {count(state.spilled)} of queues too long for memory,{' '}
                            {bytesText(state.spilled_bytes)}
                        </dd>
                    </dl>
                    <p class="mt-3">
                        <a href="/operations/backup">Make a backup</a>
                    </p>
                </Section>
            </div>
        </>
    );
}

function failuresText(state: StorageState): string {
    const { commits, commit_failures, reads, read_failures } = state;
    const writing = `${count(commit_failures)} of ${plural(commits, 'commit')}`;
    return `${writing}, ${count(read_failures)} of ${plural(reads, 'reading')}`;
}

function Files({ state }: { state: StorageState }): VNode {
    const largest = Math.max(1, ...state.files.map((file) => file.bytes));
    return (
        <div class="files">
            {state.files.map((file) => (
                <div class="file" key={file.name}>
                    <code>{file.name}</code>
                    <span class="meter" aria-hidden="true">
                        <i style={{ width: `${((file.bytes / largest) * 100).toFixed(1)}%` }} />
                    </span>
                    <span class="n num">{bytesText(file.bytes)}</span>
                </div>
            ))}
        </div>
    );
}

function tilesOf(app: App, state: StorageState): StatProps[] {
    const samples = app.store.samples.value;
    const slowest = (one: Stats): number => one.commit_ms_max;
    const size = bytes(state.files.reduce((sum, file) => sum + file.bytes, 0));
    return [
        { label: 'Stored', ...size, note: plural(state.files.length, 'file') },
        {
            label: 'Commit, 99th percentile',
            ...milliseconds(state.commit_us_p99 / 1000),
            note: 'until it is on disk',
        },
        {
            label: 'Slowest commit',
            ...milliseconds(state.commit_us_max / 1000),
            note: 'since the start',
            spark: thin(samples.map(slowest)),
            sparkOptions: { lowest: 0 },
        },
        {
            label: 'Commits',
            value: tally(state.commits),
            note: 'since the start',
            ...(state.commit_failures > 0 ? { status: 'caution' as const } : {}),
        },
        {
            label: 'Queued',
            value: tally(state.queued),
            unit: 'msg',
            note: 'for sessions, on disk',
        },
        {
            label: 'Spilled',
            value: tally(state.spilled),
            unit: 'msg',
            note: 'on disk and not in memory',
        },
    ];
}
