/* The flow of messages, in above and out below on one mirrored axis, and its two readouts, which
   follow the cursor. */

import type { VNode } from 'preact';
import type { App } from '../app/app';
import { valueOf } from '../app/store';
import { FlowChart } from '../chart/chart';
import { bytesText, count, readout } from '../format/number';
import { clock, clockMinutes } from '../format/time';
import type { HomeState } from './home_page';
import type { Trail } from './trail';

export function Flow({ app, state }: { app: App; state: HomeState }): VNode {
    return (
        <div class="flow">
            <FlowChart
                label="Messages a second in and out, last 10 minutes"
                data={state.flow}
                height_px={(width_px) => (width_px < 500 ? 200 : 240)}
                paint={app.store.paint}
                onCursor={(index) => (state.cursor.value = index)}
                table={() => tableOf(valueOf(state.trail.peek()))}
            />
            <Tape app={app} state={state} />
        </div>
    );
}

interface Reading {
    up: number | null;
    down: number | null;
    bytes_up: number | null;
    bytes_down: number | null;
    at_s: number | null;
}

/** Under the cursor while there is one, else the newest. */
function readingOf(app: App, state: HomeState): Reading {
    const cursor = state.cursor.value;
    const trail = valueOf(state.trail.value);
    if (cursor !== null && trail) {
        return {
            up: trail.series.messages_in_per_s[cursor] ?? null,
            down: trail.series.messages_out_per_s[cursor] ?? null,
            bytes_up: trail.series.bytes_in_per_s[cursor] ?? null,
            bytes_down: trail.series.bytes_out_per_s[cursor] ?? null,
            at_s: trail.at_s[cursor] ?? null,
        };
    }
    const stats = valueOf(app.store.stats.value);
    return {
        up: stats?.messages_in_per_s ?? null,
        down: stats?.messages_out_per_s ?? null,
        bytes_up: stats?.bytes_in_per_s ?? null,
        bytes_down: stats?.bytes_out_per_s ?? null,
        at_s: null,
    };
}

function bytesRate(bytes_per_s: number | null): string {
    return bytes_per_s === null ? 'no data' : `${bytesText(bytes_per_s)}/s`;
}

function Tape({ app, state }: { app: App; state: HomeState }): VNode {
    const reading = readingOf(app, state);
    const at = reading.at_s === null ? '' : `at ${clock(reading.at_s * 1000)}, `;
    const copies =
        reading.up !== null && reading.down !== null && reading.up >= 1
            ? `, ${count(reading.down / reading.up, 2)} copies a message`
            : '';
    return (
        <div class="tape">
            <TapeHalf
                kind="in"
                label="In, from machines"
                value={reading.up}
                note={at + bytesRate(reading.bytes_up)}
            />
            <TapeHalf
                kind="out"
                label="Out, to subscribers"
                value={reading.down}
                note={at + bytesRate(reading.bytes_down) + (at === '' ? copies : '')}
            />
        </div>
    );
}

function TapeHalf(props: {
    kind: 'in' | 'out';
    label: string;
    value: number | null;
    note: string;
}): VNode {
    return (
        <div>
            <span class="l">
                <i class={`key-${props.kind}`} />
                {props.label}
            </span>
            <span class="big n readable">
                {props.value === null ? 'no data' : readout(props.value)}
                <u>msg/s</u>
            </span>
            <span class="small faint">{props.note}</span>
        </div>
    );
}

const table_rows = 10;

function tableOf(trail: Trail | null): { head: string[]; rows: string[][] } {
    const head = ['Time', 'In, msg/s', 'Out, msg/s'];
    if (!trail) {
        return { head, rows: [] };
    }
    const stride = Math.max(1, Math.floor(trail.at_s.length / table_rows));
    const rows: string[][] = [];
    trail.at_s.forEach((at_s, index) => {
        if ((trail.at_s.length - 1 - index) % stride === 0) {
            const text = (value: number | null | undefined): string =>
                value === null || value === undefined ? 'no data' : readout(value);
            rows.push([
                clockMinutes(at_s * 1000),
                text(trail.series.messages_in_per_s[index]),
                text(trail.series.messages_out_per_s[index]),
            ]);
        }
    });
    return { head, rows };
}
