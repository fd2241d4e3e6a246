/* A chart on a page: loads the canvas, follows data, size and theme, and has a table behind it
   for who cannot see it. The arrow keys move the cursor. */

import { useSignalEffect, type ReadonlySignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ChartHandle, FlowData, TrendData } from './series';
import './chart.css';

type Canvas = typeof import('./canvas');

interface ChartProps<T> {
    label: string;
    data: ReadonlySignal<T>;
    height_px: (width_px: number) => number;
    /** Goes up when the colours changed. */
    paint: ReadonlySignal<number>;
    onCursor: (index: number | null) => void;
    /** Head and rows of the table behind the picture. */
    table: () => { head: string[]; rows: string[][] };
}

type Make<T> = (
    canvas: Canvas,
    element: HTMLElement,
    data: T,
    size: { width: number; height: number },
    onCursor: (index: number | null) => void,
) => ChartHandle<T>;

export function FlowChart(props: ChartProps<FlowData>): VNode {
    return <Chart {...props} make={(canvas, ...rest) => canvas.makeFlow(...rest)} />;
}

export function TrendChart(props: ChartProps<TrendData>): VNode {
    return <Chart {...props} make={(canvas, ...rest) => canvas.makeTrend(...rest)} />;
}

function Chart<T>(props: ChartProps<T> & { make: Make<T> }): VNode {
    const element = useRef<HTMLDivElement>(null);
    const handle = useRef<ChartHandle<T> | null>(null);
    const [isFailed, setFailed] = useState(false);
    useEffect(() => {
        const host = element.current;
        if (!host) {
            return undefined;
        }
        return mount(host, props, handle, () => setFailed(true));
    }, []);
    useSignalEffect(() => {
        const data = props.data.value;
        handle.current?.update(data);
    });
    useSignalEffect(() => {
        if (props.paint.value > 0) {
            handle.current?.repaint();
        }
    });
    const onKeyDown = (event: KeyboardEvent): void => {
        if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
            event.preventDefault();
            handle.current?.moveCursor(event.key === 'ArrowLeft' ? -1 : 1);
        }
    };
    return (
        <figure class="chart">
            <div
                class="ch-w"
                ref={element}
                role="img"
                aria-label={props.label}
                tabIndex={0}
                onKeyDown={onKeyDown}
            >
                {isFailed && <p class="small faint">The chart could not be loaded.</p>}
            </div>
            <TableBehind label={props.label} table={props.table()} />
        </figure>
    );
}

function mount<T>(
    host: HTMLElement,
    props: ChartProps<T> & { make: Make<T> },
    handle: { current: ChartHandle<T> | null },
    onFailed: () => void,
): () => void {
    let isGone = false;
    const sizeOf = (): { width: number; height: number } => {
        const width = Math.max(120, host.clientWidth);
        return { width, height: props.height_px(width) };
    };
    host.style.minHeight = `${sizeOf().height}px`;
    const observer = new ResizeObserver(() => {
        const { width, height } = sizeOf();
        host.style.minHeight = `${height}px`;
        handle.current?.resize(width, height);
    });
    import('./canvas')
        .then((canvas) => {
            if (!isGone) {
                handle.current = props.make(
                    canvas,
                    host,
                    props.data.peek(),
                    sizeOf(),
                    props.onCursor,
                );
                observer.observe(host);
            }
        })
        .catch(onFailed);
    return () => {
        isGone = true;
        observer.disconnect();
        handle.current?.destroy();
        handle.current = null;
    };
}

function TableBehind({
    label,
    table,
}: {
    label: string;
    table: { head: string[]; rows: string[][] };
}): VNode {
    return (
        <div class="vh">
            <table>
                <caption>{label}</caption>
                <thead>
                    <tr>
                        {table.head.map((name) => (
                            <th key={name} scope="col">
                                {name}
                            </th>
                        ))}
                    </tr>
                </thead>
                <tbody>
                    {table.rows.map((row) => (
                        <tr key={row[0]}>
                            {row.map((cell, index) => (
                                <td key={index}>{cell}</td>
                            ))}
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}
