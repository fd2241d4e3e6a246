/* The six readouts of Home. */

import type { VNode } from 'preact';
import type { App } from '../app/app';
import { droppedLately, queueLimit } from '../app/needs';
import { valueOf } from '../app/store';
import type { Stats } from '../api/types';
import { bytes, bytesText, count, milliseconds, plural, tally } from '../format/number';
import { Stat, type StatProps } from '../ui/stat';
import { thin, type Trail } from './trail';

/** From here on memory is worth dividing by connections. */
const many_connections = 200;

const labels = [
    'Machines online',
    'Delay, 99th percentile',
    'Waiting in queues',
    'Stored',
    'Memory',
    'Dropped',
];

export function Tiles({ app, trail }: { app: App; trail: Trail | null }): VNode {
    const stats = app.store.stats.value;
    const isStale = app.live.state.value.phase === 'stale';
    if (stats.phase !== 'ready') {
        const isLoading = stats.phase === 'loading';
        return (
            <div class="stats">
                {labels.map((label) =>
                    isLoading ? (
                        <Stat key={label} label={label} value="" note="" isLoading />
                    ) : (
                        <Stat
                            key={label}
                            label={label}
                            value="no value"
                            note={stats.problem.detail ?? stats.problem.title}
                            status="crit"
                        />
                    ),
                )}
            </div>
        );
    }
    const tiles = tilesOf(app, stats.value, trail);
    return (
        <div class="stats">
            {tiles.map((tile) => (
                <Stat key={tile.label} {...tile} isStale={isStale} />
            ))}
        </div>
    );
}

function tilesOf(app: App, stats: Stats, trail: Trail | null): StatProps[] {
    const samples = app.store.samples.value;
    const sampled = (read: (one: Stats) => number | null): (number | null)[] =>
        thin(samples.map(read));
    const trailed = (name: keyof Trail['series']): (number | null)[] =>
        trail ? thin(trail.series[name]) : [];
    return [
        machinesTile(stats, trailed('connections')),
        delayTile(
            stats,
            sampled((one) => one.delivery_p99_ms),
        ),
        queueTile(app, stats, trailed('queued_messages')),
        storedTile(
            stats,
            sampled((one) => one.commit_ms_max),
        ),
        memoryTile(stats, trailed('resident_bytes')),
        droppedTile(
            stats,
            droppedLately(samples),
            sampled((one) => one.dropped_messages_total),
        ),
    ];
}

function machinesTile(stats: Stats, spark: (number | null)[]): StatProps {
    const offline = Math.max(0, stats.machines_known - stats.connections);
    return {
        label: 'Machines online',
        value: count(stats.connections),
        unit: `of ${count(stats.machines_known)}`,
        note:
            stats.machines_known === 0
                ? 'none has connected yet'
                : offline === 0
                  ? 'all that are known'
                  : `${count(offline)} offline`,
        spark,
        sparkOptions: { highest: stats.machines_known },
    };
}

function delayTile(stats: Stats, spark: (number | null)[]): StatProps {
    const note = 'publish to delivery';
    if (stats.delivery_p99_ms === null) {
        return { label: 'Delay, 99th percentile', value: 'none', note: 'nothing delivered yet' };
    }
    const delay = milliseconds(stats.delivery_p99_ms);
    return { label: 'Delay, 99th percentile', ...delay, note, spark, sparkOptions: { lowest: 0 } };
}

function queueTile(app: App, stats: Stats, spark: (number | null)[]): StatProps {
    const limit = queueLimit(valueOf(app.store.node.value));
    const isNear = limit !== null && stats.queued_messages >= limit * 0.8;
    return {
        label: 'Waiting in queues',
        value: tally(stats.queued_messages),
        unit: 'msg',
        note:
            limit === null ? plural(stats.sessions, 'session') : `limit ${count(limit)} a session`,
        spark,
        sparkOptions: { lowest: 0, ...(limit === null ? {} : { limit }) },
        ...(isNear ? { status: 'caution' as const } : {}),
    };
}

function storedTile(stats: Stats, spark: (number | null)[]): StatProps {
    const size = bytes(stats.stored_bytes);
    const slowest = stats.commit_ms_max === 0 ? null : milliseconds(stats.commit_ms_max);
    return {
        label: 'Stored',
        ...size,
        note: slowest ? `slowest commit ${slowest.value} ${slowest.unit}` : 'nothing to commit yet',
        spark,
        sparkOptions: { lowest: 0 },
    };
}

function memoryTile(stats: Stats, spark: (number | null)[]): StatProps {
    const each =
        stats.connections >= many_connections
            ? `${bytesText(stats.resident_bytes / stats.connections)} a connection`
            : 'resident, the whole process';
    return { label: 'Memory', ...bytes(stats.resident_bytes), note: each, spark, sparkOptions: {} };
}

function droppedTile(stats: Stats, lately: number, spark: (number | null)[]): StatProps {
    return {
        label: 'Dropped',
        value: tally(stats.dropped_messages_total),
        unit: 'msg',
        note: lately === 0 ? 'since the node started' : `${count(lately)} in the last minutes`,
        spark,
        ...(lately > 0 ? { status: 'caution' as const } : {}),
    };
}
