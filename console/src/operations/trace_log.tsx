/* The steps of a trace as a windowed list: it stays at the newest while nobody scrolls up. */

import { useComputed, type ReadonlySignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { TraceEvent } from '../api/types';
import { pathOf } from '../app/router';
import { count } from '../format/number';
import { absolute, clockMillis, parseTime } from '../format/time';
import { Shape } from '../ui/shape';
import { useWindow } from '../ui/window';
import { speaksOf } from './words';

const near_end_px = 40;

export function TraceLog({ events }: { events: ReadonlySignal<readonly TraceEvent[]> }): VNode {
    const rowCount = useComputed(() => events.value.length);
    const handle = useWindow(rowCount);
    const isAtEnd = useRef(true);
    const all = events.value;
    const { first, end, before_px, after_px } = handle.window.value;
    useLayoutEffect(() => {
        const area = handle.area.current;
        if (area && isAtEnd.current) {
            area.scrollTop = area.scrollHeight;
        }
    }, [all.length]);
    const onScroll = (): void => {
        const area = handle.area.current;
        if (area) {
            isAtEnd.current = area.scrollTop + area.clientHeight > area.scrollHeight - near_end_px;
        }
    };
    const [from, to] = handle.visible.value;
    return (
        <>
            <div
                class="tw scrolls steps"
                ref={handle.area}
                tabIndex={0}
                role="log"
                aria-live="off"
                aria-label="Steps of the trace"
                onScroll={onScroll}
            >
                <div style={{ height: `${before_px}px` }} />
                {all.slice(first, end).map((event) => (
                    <Step key={event.number} event={event} />
                ))}
                <div style={{ height: `${after_px}px` }} />
            </div>
            <div class="tfoot">
                <span>
                    Steps {count(from)} to {count(to)} of {count(all.length)}
                </span>
            </div>
        </>
    );
}

function Step({ event }: { event: TraceEvent }): VNode {
    const { short, long } = stepTime(event);
    const link = stepLink(event);
    return (
        <div class={`step${event.stage === 'drop' ? ' is-drop' : ''}`} data-row>
            <time title={long}>{short}</time>
            <span class="step-kind">
                <Shape status={speaksOf(event.stage)} />
                {event.stage}
            </span>
            <span class="msg faint" title="The same in all steps of one message">
                {event.message === null ? '' : `m${event.message}`}
            </span>
            <span class="who ell">
                {link === null ? <span class="faint">-</span> : <a href={link}>{event.client}</a>}
            </span>
            <code class="topic ell" title={event.topic ?? ''}>
                {event.topic}
            </code>
            <span class="reason" title={event.text}>
                {event.text}
            </span>
        </div>
    );
}

function stepLink(event: TraceEvent): string | null {
    return event.client === null ? null : pathOf({ name: 'machine', id: event.client });
}

function stepTime(event: TraceEvent): { short: string; long: string } {
    const at_ms = parseTime(event.at) ?? 0;
    return { short: clockMillis(at_ms), long: absolute(at_ms) };
}
