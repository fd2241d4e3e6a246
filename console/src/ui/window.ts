/* Windowing: of a list of any length only the rows in view exist in the page. The scroll area keeps
   its full height by two spacers. */

import { useComputed, useSignal, type ReadonlySignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

export interface RowWindow {
    first: number;
    /** One past the last row that exists. */
    end: number;
    before_px: number;
    after_px: number;
}

const rows_around = 6;

export function rowWindow(
    rowCount: number,
    row_px: number,
    scroll_px: number,
    view_px: number,
): RowWindow {
    const inView = Math.ceil(view_px / row_px);
    const top = Math.min(
        Math.max(0, Math.floor(scroll_px / row_px)),
        Math.max(0, rowCount - inView),
    );
    const first = Math.max(0, top - rows_around);
    const end = Math.min(rowCount, top + inView + rows_around);
    return {
        first,
        end,
        before_px: first * row_px,
        after_px: Math.max(0, rowCount - end) * row_px,
    };
}

/** Rows that a reader can see, for "Rows 1 to 24 of 418". */
export function rowsInView(
    rowCount: number,
    row_px: number,
    scroll_px: number,
    view_px: number,
): [number, number] {
    const first = Math.min(rowCount, Math.floor(scroll_px / row_px) + 1);
    const last = Math.min(rowCount, Math.max(first, Math.floor((scroll_px + view_px) / row_px)));
    return [first, last];
}

export interface WindowHandle {
    area: RefObject<HTMLDivElement | null>;
    window: ReadonlySignal<RowWindow>;
    visible: ReadonlySignal<[number, number]>;
    scrollTo: (row: number) => void;
}

const row_guess_px = 33;

/** Watches a scroll area. A row carries `data-row`; its real height is measured. */
export function useWindow(rowCount: ReadonlySignal<number>): WindowHandle {
    const area = useRef<HTMLDivElement>(null);
    const scroll_px = useSignal(0);
    const view_px = useSignal(600);
    const row_px = useSignal(row_guess_px);
    const head_px = useRef(0);
    useEffect(() => {
        const element = area.current;
        if (!element) {
            return undefined;
        }
        const onScroll = (): void => {
            scroll_px.value = element.scrollTop;
        };
        const measure = (): void => {
            head_px.current = element.querySelector('thead')?.clientHeight ?? 0;
            view_px.value = Math.max(row_px.peek(), element.clientHeight - head_px.current);
        };
        const observer = new ResizeObserver(measure);
        observer.observe(element);
        element.addEventListener('scroll', onScroll, { passive: true });
        return () => {
            observer.disconnect();
            element.removeEventListener('scroll', onScroll);
        };
    }, []);
    useLayoutEffect(() => {
        const row = area.current?.querySelector('[data-row]');
        const height_px = row?.getBoundingClientRect().height ?? 0;
        if (height_px > 0 && Math.abs(height_px - row_px.peek()) > 0.1) {
            row_px.value = height_px;
        }
    });
    const window = useComputed(() =>
        rowWindow(rowCount.value, row_px.value, scroll_px.value, view_px.value),
    );
    const visible = useComputed(() =>
        rowsInView(rowCount.value, row_px.value, scroll_px.value, view_px.value),
    );
    const scrollTo = (row: number): void => {
        const element = area.current;
        if (!element) {
            return;
        }
        const top_px = row * row_px.peek();
        const room_px = view_px.peek() - row_px.peek();
        if (top_px < element.scrollTop) {
            element.scrollTop = top_px;
        } else if (top_px > element.scrollTop + room_px) {
            element.scrollTop = top_px - room_px;
        }
    };
    return { area, window, visible, scrollTo };
}
