/* Icons, 16 px on a 1.5 px stroke. They accompany a word, or their button has a label. */

import type { VNode } from 'preact';

const paths = {
    home: 'M2.5 7.5 8 3l5.5 4.5V13h-4V9.500h-3V13h-4z',
    connect: 'M6 2v3M10 2v3M4.5 5h7v2.5a3.5 3.5 0 0 1-7 0zM8 11v3',
    machines: 'M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01',
    topics: 'M3 3h4M3 3v10M3 8h4M3 13h4M9.5 3h4M9.5 8h4M9.5 13h4',
    mesh:
        'M8 3.500v4.500M8 8l-4.500 4M8 8l4.500 4M9 2.500a1 1 0 1 1-2 0 1 1 0 0 1 2 0z' +
        'M4 12.500a1 1 0 1 1-2 0 1 1 0 0 1 2 0zM14 12.500a1 1 0 1 1-2 0 1 1 0 0 1 2 0z',
    security: 'M8 2l5 2v4c0 3-2.2 5-5 6-2.8-1-5-3-5-6V4z',
    search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.6 10.6 14 14',
    copy: 'M5.5 5.5h8v8h-8zM10.5 5.500v-3h-8v8h3',
    check: 'M3 8.5 6.5 12 13 4.5',
    theme: 'M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.500a5.5 5.5 0 0 1 0 11',
    sun:
        'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1' +
        'M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7',
    moon: 'M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z',
    cab: 'M2 10.500a6 6 0 0 1 12 0M8 10.5 10.5 7M2 13h12',
    more: 'M3 4.5h10M3 8h10M3 11.5h10',
    dense: 'M2.5 3.5h11M2.5 6.5h11M2.5 9.5h11M2.5 12.500h11',
    minus: 'M3 8h10',
    close: 'M4 4l8 8M12 4l-8 8',
    play: 'M5 3l8 5-8 5z',
    pause: 'M5 3v10M11 3v10',
    down: 'M4 6l4 4 4-4',
    right: 'M6 4l4 4-4 4',
    left: 'M10 4 6 8l4 4',
    pin: 'M8 9.5V14M5 2.5h6l-.8 4L12 9.5H4l1.8-3z',
    clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 5v3.5l2 1.5',
    plus: 'M8 3v10M3 8h10',
    user: 'M8 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM3 13.5c.6-2.5 2.5-3.5 5-3.500s4.4 1 5 3.5',
    leave: 'M6.5 2.500h-4v11h4M9.5 5l3 3-3 3M12.5 8h-7',
    terminal: 'M2.5 3h11v10h-11zM5 6.5l2 1.5-2 1.500M8.5 10h2.5',
    send: 'M14 2 2 7l5 2 2 5z',
    key: 'M5.5 9.500a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 7.500l5.5 5.500M11 10.500l1.5-1.5',
    refresh: 'M13 8a5 5 0 1 1-1.5-3.500M13 2.500v3h-3',
    download: 'M8 2.500v7.500M5 7l3 3 3-3M3 13h10',
    up: 'M8 13V4M4.5 7.5 8 4l3.5 3.5',
    drop: 'M8 3v9M4.5 8.5 8 12l3.5-3.5',
    swap: 'M3 5.500h9M9.5 3 12 5.5 9.5 8M13 10.500H4M6.5 8 4 10.5 6.5 13',
    stop: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM4 12 12 4',
    pulse: 'M1.5 8h3l2-4.500 3 9 2-4.500h3',
    edit: 'M3 13l.7-3L10.5 3.200l2.300 2.300L6 12.300zM9 4.700 11.300 7',
    upload: 'M8 10.500V3M5 6l3-3 3 3M3 13h10',
    store: 'M3 4.500c0-2.5 10-2.5 10 0v7c0 2.5-10 2.5-10 0zM3 4.500c0 2.5 10 2.5 10 0',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }): VNode {
    return (
        <svg class="ic" viewBox="0 0 16 16" aria-hidden="true">
            <path d={paths[name]} />
        </svg>
    );
}

export function Mark(): VNode {
    return (
        <svg
            class="mark"
            viewBox="0 0 24 24"
            aria-hidden="true"
            fill="none"
            stroke="currentColor"
            stroke-width="1.8"
        >
            <path d="M5 3v18M5 12h4.5M19 4.5 13.8 9.7M13.8 14.3 19 19.5" />
            <circle class="mark-dot" cx="12" cy="12" r="2.6" />
        </svg>
    );
}
