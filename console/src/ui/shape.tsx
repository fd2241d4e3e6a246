/* Status shapes: one shape a meaning, so that a status reads without colour. */

import type { ComponentChildren, VNode } from 'preact';

export type Status = 'ok' | 'caution' | 'crit' | 'off' | 'stale' | 'unknown' | 'busy' | 'info';

const drawings: Record<Status, () => VNode> = {
    ok: () => <circle cx="6" cy="6" r="4" fill="currentColor" />,
    caution: () => (
        <>
            <path
                class="st-fill"
                d="M6 .9 11.4 11H.6Z"
                stroke="currentColor"
                stroke-linejoin="round"
            />
            <path d="M6 4.4v3M6 8.8v.7" stroke="#10191b" stroke-width="1.5" />
        </>
    ),
    crit: () => (
        <>
            <path d="M6 0 12 6 6 12 0 6Z" fill="currentColor" />
            <path class="st-cut" d="M4 4l4 4M8 4l-4 4" stroke-width="1.4" />
        </>
    ),
    off: () => (
        <g fill="none" stroke="currentColor" stroke-width="1.4">
            <circle cx="6" cy="6" r="4.3" />
            <path d="M3 9 9 3" />
        </g>
    ),
    stale: () => (
        <circle
            cx="6"
            cy="6"
            r="4.3"
            fill="none"
            stroke="currentColor"
            stroke-width="1.4"
            stroke-dasharray="2 1.6"
        />
    ),
    unknown: () => (
        <circle cx="6" cy="6" r="4.3" fill="none" stroke="currentColor" stroke-width="1.4" />
    ),
    busy: () => (
        <path
            d="M6 1.5A4.5 4.5 0 1 1 1.5 6"
            fill="none"
            stroke="currentColor"
            stroke-width="1.8"
            stroke-linecap="round"
        />
    ),
    info: () => <rect x="2" y="2" width="8" height="8" rx="1" fill="currentColor" />,
};

/** A label is needed where no word stands beside the shape. */
export function Shape({ status, label }: { status: Status; label?: string }): VNode {
    return label === undefined ? (
        <svg class={`st st-${status}`} viewBox="0 0 12 12" aria-hidden="true">
            {drawings[status]()}
        </svg>
    ) : (
        <svg class={`st st-${status}`} viewBox="0 0 12 12" role="img" aria-label={label}>
            {drawings[status]()}
        </svg>
    );
}

/** Ok stands without a ground; caution and critical have one. */
export function Pill({
    status,
    isFilled,
    children,
}: {
    status: Status;
    isFilled?: boolean;
    children: ComponentChildren;
}): VNode {
    return (
        <span class={`pill ${status}${isFilled === true ? ' fill' : ''}`}>
            <Shape status={status} />
            {children}
        </span>
    );
}
